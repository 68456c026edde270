package digest

import (
	"context"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
)

// known is a digest of what was known at a moment.
var known = kind{name: "回放", live: true}

// replay is /回放 2.13 16:30: the figures as they lay on the table then, without what was
// filed, corrected or withdrawn since, so that nobody is judged by what came later. Books and
// cases are not rolled back: what was said of them that day stands in /晨报.
func (f *Family) replay(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	a := parse(&c.Desk, c.Rest)
	scopes, err := reach(c, a, known.name)
	if err != nil {
		return handlers.Outcome{}, err
	}
	at, err := moment(c, a.rest)
	if err != nil {
		return handlers.Outcome{}, err
	}
	then := c.Desk
	then.At, then.Day = at, c.Street.Day(at)
	past := &Family{tally: f.Known(at), screen: f.screen} // no other family's sections
	var texts []string
	for _, p := range then.Packs() {
		if len(p.Digest) == 0 {
			continue
		}
		for _, sc := range scopes {
			text, err := past.known(ctx, &then, p, sc)
			if err != nil {
				return handlers.Outcome{}, err
			}
			texts = append(texts, text)
		}
	}
	if len(texts) == 0 {
		return handlers.Outcome{}, handlers.Refusef("看别的日子，发：/回放 2.13 16:30", "%s没有在用的专项。", then.Day.Label())
	}
	return handlers.Answer(strings.Join(texts, "\n\n")), nil
}

// known is a page of what was known at the desk's moment: of its day, and before anything of
// that was in, of the day before.
func (f *Family) known(ctx context.Context, d *handlers.Desk, p *config.Pack, sc scope) (string, error) {
	var of *page
	for _, day := range []config.Day{d.Day.Add(-1), d.Day} {
		fs, err := f.gather(ctx, d, p, day, []scope{sc})
		if err != nil {
			return "", err
		}
		if then := f.page(d, fs, sc, known); of == nil || then.begun() {
			of = then
		}
	}
	return pages(fit(of.words(d), "/今日").all()), nil
}

// begun reports whether anything of the day is in.
func (p *page) begun() bool {
	for _, n := range p.filed {
		if n > 0 {
			return true
		}
	}
	return false
}

// moment reads which moment is meant: of today, if no day is named. It has to be over.
func moment(c *handlers.Call, text string) (time.Time, error) {
	const example = "例：/回放 2.13 16:30"
	today := c.Day.Time(c.Street.Location)
	at, _, dated := syntax.Date(text, today)
	if !dated {
		at = today
	}
	minute, _, rest, ok := syntax.Clock(text)
	switch {
	case !ok:
		return at, handlers.Refuse("要看几点的？", example)
	case rest != "":
		return at, handlers.Refusef(example, "没看懂“%s”。", handlers.Quote(rest))
	}
	at = c.Street.At(c.Street.Day(at), config.Clock(minute))
	if at.After(c.At) {
		return at, handlers.Refusef(example, "%s%s还没到。", c.Street.Day(at).Label(), at.In(c.Street.Location).Format("15:04"))
	}
	return at, nil
}

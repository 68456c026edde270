package digest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
)

// kind is what sort of digest is put together.
type kind struct {
	name string // 晨报
	live bool   // of a day that is not over
	days int    // reported on; 0 = one
}

var (
	morning = kind{name: "晨报"}
	soFar   = kind{name: "今日", live: true}
)

// compose writes the digest about a day, for the street and for each of its areas, in a
// constant number of round trips whatever the number of units and sections.
func (f *Family) compose(ctx context.Context, d *handlers.Desk, p *config.Pack, day config.Day, k kind) (said, []loss, error) {
	if !slices.Contains(d.Street.Active(day), p) {
		return said{}, nil, handlers.ErrNothing // the pack asked nothing that day
	}
	scopes := append([]scope{whole(d)}, areas(d)...)
	fs, err := f.gather(ctx, d, p, day, scopes)
	if err != nil {
		return said{}, nil, err
	}
	street := f.page(d, fs, scopes[0], k)
	if len(street.lost) > 0 && !slices.ContainsFunc(street.lines, func(l line) bool { return !l.lost }) {
		return said{}, nil, fmt.Errorf("nothing could be read: %w", street.lost[0].why)
	}
	out := said{Day: day, Filed: street.filed, Totals: street.totals, Figures: street.parts, Areas: map[string]saying{}}
	out.saying = fit(street.words(d), "/"+k.name+" 全")
	for _, sc := range scopes[1:] {
		out.Areas[sc.name] = fit(f.page(d, fs, sc, k).words(d), "/"+k.name+" "+sc.name+" 全")
	}
	return out, street.lost, nil
}

// page puts the digest of one scope together.
func (f *Family) page(d *handlers.Desk, fs *facts, sc scope, k kind) *page {
	p := &page{
		scope: sc, facts: fs, kind: k, forms: map[string]*counted{},
		filed: map[string]int{}, totals: map[string]map[string]int{}, parts: map[string]map[string]int{},
	}
	for _, all := range fs.forms {
		c := all.count(sc)
		p.forms[c.form.Name] = c
		switch {
		case c.err != nil:
			p.lost = append(p.lost, loss{c.form.Name, c.err})
		case c.past != nil:
			p.lost = append(p.lost, loss{c.form.Name + "前几天的", c.past})
		}
		if c.err == nil && (len(c.day) > 0 || c.form.Required) {
			p.filed[c.form.Name], p.totals[c.form.Name] = len(c.day), sayable(c.form, c.sum)
		}
		if c.form.Required && c.form.Every != config.EveryEvent || c.form.Paced() && len(c.day) > 0 {
			p.heads = append(p.heads, c.head(sc, fs.day))
		}
	}
	for i, s := range fs.pack.Digest {
		var l line
		var ok bool
		if s.Kind == "" || s.Kind == config.SectionItems {
			l, ok = p.items(s)
		} else if _, known := f.sections[s.Kind]; known {
			l, ok = p.offered(s, f, fs.parts[sc.name][i])
		}
		if ok {
			p.lines = append(p.lines, l)
		}
	}
	if note := p.note(); note != "" {
		p.tail = append(p.tail, note)
	}
	for _, all := range fs.forms {
		c := p.forms[all.form.Name]
		for _, l := range []string{c.missing(sc), c.unexplained(d.Street)} {
			if l != "" {
				p.tail = append(p.tail, l)
			}
		}
	}
	if fs.lost != nil && sc.units == nil && !k.live {
		p.lost = append(p.lost, loss{"更正", fs.lost})
		p.tail = append(p.tail, "更正：前几天的晨报没读出来，管理员已经知道")
	}
	if fs.prev.Day != "" && sc.units == nil && !k.live {
		for _, all := range fs.forms {
			if l := all.corrected(fs.prev, sc.base); l != "" {
				p.tail = append(p.tail, l)
			}
		}
	}
	return p
}

// words are the digest, in the order of what matters.
type words struct {
	head  []string // always said: whose, of when, on what base
	first []string // decisions, and what is urgent
	rest  []string // sections
	tail  []string // base of the changes, what does not add up, errata
	quiet string   // the one line of a day on which nothing happened; "" if something did
}

// mostDecide is how many decisions are named; the others are counted.
const mostDecide = 4

func (p *page) words(d *handlers.Desk) words {
	day, title := p.facts.day, p.title(d)
	w := words{head: []string{title, p.base()}, tail: p.tail}
	w.first = p.decisions()
	quiet := len(p.decide) == 0 && !p.kind.live
	for _, l := range p.lines {
		if l.urgent {
			w.first = append(w.first, "⚠"+l.text)
		} else {
			w.rest = append(w.rest, l.text)
		}
		quiet = quiet && l.quiet
	}
	for _, all := range p.facts.forms {
		quiet = quiet && p.forms[all.form.Name].still(p.scope)
	}
	for _, l := range p.tail {
		quiet = quiet && strings.HasPrefix(l, "（")
	}
	switch {
	case !quiet:
	case len(p.heads) == 0:
		w.quiet = title + "：昨天没有变化，没有要报的表。"
	default:
		w.quiet = title + "：昨天没有变化，" + strings.TrimPrefix(p.base(), day.Label()) + "，没有新增，存量照旧。"
	}
	return w
}

// decisions is what waits for somebody's yes, in one line; none, where nothing does.
func (p *page) decisions() []string {
	if len(p.decide) == 0 {
		return nil
	}
	some := p.decide[:min(len(p.decide), mostDecide)]
	text := "等您定：" + strings.Join(some, "；")
	if n := len(p.decide) - len(some); n > 0 {
		text += fmt.Sprintf("；还有%d件", n)
	}
	return []string{text}
}

// title is the first line: 【晨报 2月14日】疫情防控.
func (p *page) title(d *handlers.Desk) string {
	pack := p.facts.pack.Title
	if p.scope.name != "" {
		pack = p.scope.name + " " + pack
	}
	if p.kind.live {
		return fmt.Sprintf("【%s %s %s】%s", p.kind.name, d.Day.Label(), d.At.In(d.Street.Location).Format("15:04"), pack)
	}
	return fmt.Sprintf("【%s %s】%s", p.kind.name, p.facts.day.Add(1).Label(), pack)
}

// base is the second line: 2月13日日报19/19，补报1.
func (p *page) base() string {
	if len(p.scope.units) == 1 && p.scope.base == 1 {
		var heads []string
		for _, all := range p.facts.forms {
			c := p.forms[all.form.Name]
			switch {
			case !c.form.Required || c.form.Every == config.EveryEvent:
			case len(c.day) > 0:
				heads = append(heads, c.form.Name+"已报")
			default:
				heads = append(heads, c.form.Name+"还没报")
			}
		}
		return p.facts.day.Label() + strings.Join(heads, "；")
	}
	return p.facts.day.Label() + strings.Join(p.heads, "；")
}

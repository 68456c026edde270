package cases

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// A spot check asks for one item of a check-list instead of all of them with a photo each.
// Which one nobody chooses: it follows from the seed that the evening's paper before has
// published, the list and the place, so whoever knows these can draw it again, and nobody
// could prepare for it. What many such looks say of the whole is an estimate and is said
// with its uncertainty.

// samples are the spot checks: field = day/list/place, value = item|1 or 0|userid. They are
// kept for as long as they count; an item that was missing lives on as its case.
var samples = store.Records("sample")

const (
	sampleDays = 7  // how far back spot checks count
	sampleKeep = 30 // days
	sampleFew  = 5  // fewer say nothing of the whole
)

// sample is /抽查 岗 彩虹花苑南门, which says what to look at, and with 有 or 没有 behind it what
// was seen.
func (f *Family) sample(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	list, pack, rest := checklist(c, c.Rest)
	if list == nil {
		return f.sampled(ctx, c)
	}
	s, rest, ok := f.atlas(c).find(rest)
	if !ok {
		return handlers.Outcome{}, handlers.Refuse("没看出是哪里，没有抽。", "写上小区和门，例：/抽查 "+list.Name+" 彩虹花苑南门")
	}
	if c.Person.Unit == s.Unit {
		return handlers.Outcome{}, handlers.Refuse("抽查要别人来查，自己的不抽。", "自己看过一遍，发：/检 "+list.Name+" "+s.Name+" 全有")
	}
	b := c.Read()
	field := string(c.Day) + "/" + list.Name + "/" + s.Name
	cell, every, last := b.Cell(samples, field), b.All(samples), b.Cell(papers, string(c.Day.Add(-1)))
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read spot checks: %w", err)
	}
	evening, err := openPaper(*last)
	if err != nil {
		return handlers.Outcome{}, err
	}
	seed := cmp.Or(evening.Seed, string(c.Day))
	it := list.Items[drawItem(seed, list, s.Name)]
	there, said := seen(rest, it)
	switch {
	case strings.TrimSpace(rest) == "" && cell.Rev > 0:
		return handlers.Answer(fmt.Sprintf("%s 今天抽过了：%s。看错了重发：/抽查 %s %s 有（或 没有）", s.Name, saw(*cell), list.Name, s.Name)), nil
	case strings.TrimSpace(rest) == "":
		return handlers.Answer(fmt.Sprintf("%s 抽到：%s。只看这一样，不用拍照。\n看完发：/抽查 %s %s 有（或 没有）\n种子%s和单子、地点定的，谁算都一样。", s.Name, it.Name, list.Name, s.Name, seed)), nil
	case !said:
		return handlers.Outcome{}, handlers.Refusef(fmt.Sprintf("看完发：/抽查 %s %s 有（或 没有）", list.Name, s.Name), "今天%s抽的是%s，“%s”没看懂，没有记。", s.Name, it.Name, handlers.Quote(rest))
	}
	out := handlers.Outcome{Audit: handlers.Audit{Unit: s.Unit, Record: "抽查/" + field, Rev: cell.Rev + 1, Values: it.Name}}
	text := fmt.Sprintf("%s %s有 ✓", s.Name, it.Name)
	if !there {
		open, err := all(ctx, &c.Desk)
		if err != nil {
			return handlers.Outcome{}, err
		}
		u := checkup{list: list, pack: pack, spot: s, place: s.Name}
		found, opens, err := f.openAll(ctx, &c.Desk, c.Person.UserID, []request{u.lacks(it)}, open)
		if err != nil {
			return handlers.Outcome{}, err
		}
		opens.Audit, out = out.Audit, opens
		text = s.Name + " " + found[0].missing(&c.Desk, it.Name)
	}
	value := fmt.Sprintf("%s|%d|%s", it.Name, map[bool]int{true: 1}[there], c.Person.UserID)
	out.Changes = append(out.Changes, store.Put(samples, field, cell.Rev, value))
	now := maps.Clone(*every)
	now[field] = store.Cell{Value: value}
	if line := estimateOf(now, c.Day, list); line != "" {
		text += "\n" + line
	}
	out.Reply = handlers.Say(text)
	return out, nil
}

// sampled is /抽查 alone: how far the spot checks have come.
func (f *Family) sampled(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	if strings.TrimSpace(c.Rest) != "" {
		return handlers.Outcome{}, handlers.Refusef("例：/抽查 岗 彩虹花苑南门", "抽哪张单子？有：%s。", strings.Join(lists(&c.Desk), "、"))
	}
	b := c.Read()
	every := b.All(samples)
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read spot checks: %w", err)
	}
	lines := estimates(*every, c.Day, c.Packs()...)
	if len(lines) == 0 {
		return handlers.Answer("近7天没有抽查过。到了地方发：/抽查 岗 彩虹花苑南门，我说看哪一样。"), nil
	}
	return handlers.Answer(strings.Join(lines, "\n")), nil
}

// samplesPart is the spot checks' part of a digest of the street.
func samplesPart(q handlers.SectionQuery) handlers.SectionPart {
	every := q.Batch.All(samples)
	return func() (handlers.Part, error) {
		if q.Units != nil { // of one area they are too few
			return handlers.Part{}, nil
		}
		return handlers.Part{Class: "C1", Text: strings.Join(estimates(*every, q.Day, q.Pack), "")}, nil
	}
}

// estimates are a line for each check-list that was used.
func estimates(every map[string]store.Cell, day config.Day, packs ...*config.Pack) []string {
	var out []string
	for _, p := range packs {
		for _, l := range p.Cases.Lists {
			if line := estimateOf(every, day, l); line != "" {
				out = append(out, line)
			}
		}
	}
	return out
}

// drawItem is which item of the list is looked at in a place: that whose SHA-256 of
// "<seed>|<list>|<place>|<item>" comes first.
func drawItem(seed string, list *config.Checklist, place string) int {
	first, best := "", 0
	for i, it := range list.Items {
		h := sha256.Sum256([]byte(strings.Join([]string{seed, list.Name, place, it.Name}, "|")))
		if s := hex.EncodeToString(h[:]); first == "" || s < first {
			first, best = s, i
		}
	}
	return best
}

// seen reads what was seen of an item: 有, 没有, 测温枪没电.
func seen(text string, it *config.ListItem) (there, ok bool) {
	text = strings.Trim(syntax.Normalise(text), " ,。!、")
	names := append([]string{it.Name}, it.Aliases...)
	slices.SortFunc(names, func(a, b string) int { return len(b) - len(a) }) // 测温枪 before 测温
	for _, name := range names {
		text = strings.TrimSpace(strings.TrimPrefix(text, name))
	}
	for _, bad := range []string{"没", "无", "缺", "坏", "不", "×", "0"} {
		if strings.Contains(text, bad) {
			return false, true
		}
	}
	for _, good := range []string{"有", "好", "在", "齐", "正常", "ok", "OK", "√", "✓", "1"} {
		if strings.HasPrefix(text, good) {
			return true, true
		}
	}
	return false, false
}

// saw is a spot check in words: 测温有.
func saw(c store.Cell) string {
	item, rest, _ := strings.Cut(c.Value, "|")
	if strings.HasPrefix(rest, "1") {
		return item + "有"
	}
	return item + "没有"
}

// estimateOf says what the spot checks of the last week tell of a list: 5个有：近7天抽31处，有26处，
// 大约84%（67%–93%）. A few say only themselves. Empty where there were none.
func estimateOf(every map[string]store.Cell, day config.Day, list *config.Checklist) string {
	n, good := 0, 0
	for field, cell := range every {
		when, rest, _ := strings.Cut(field, "/")
		if name, _, _ := strings.Cut(rest, "/"); name != list.Name || config.Day(when) <= day.Add(-sampleDays) || config.Day(when) > day {
			continue
		}
		if n++; strings.HasSuffix(saw(cell), "没有") {
			continue
		}
		good++
	}
	switch {
	case n == 0:
		return ""
	case n < sampleFew:
		return fmt.Sprintf("%s：近%d天抽%d处，有%d处。", list.Title, sampleDays, n, good)
	}
	low, high := Wilson(good, n)
	return fmt.Sprintf("%s：近%d天抽%d处，有%d处，大约%d%%（%d%%–%d%%）。", list.Title, sampleDays, n, good, percent(float64(good)/float64(n)), percent(low), percent(high))
}

func percent(share float64) int { return int(math.Round(share * 100)) }

// Wilson is the interval in which, at 95 % confidence, the share lies of which good of n
// looks were good (Wilson's score interval).
func Wilson(good, n int) (low, high float64) {
	const z = 1.96
	p, m := float64(good)/float64(n), float64(n)
	middle, half := p+z*z/(2*m), z*math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, (middle-half)/(1+z*z/m)), min(1, (middle+half)/(1+z*z/m))
}

// forgetSamples drops spot checks that count no more.
func forgetSamples(d *handlers.Desk, b *store.Batch, limit int) func() ([]store.Change, error) {
	cells := b.All(samples)
	return func() ([]store.Change, error) {
		var out []store.Change
		for field, cell := range *cells {
			when, _, _ := strings.Cut(field, "/")
			if d.Over(config.Day(when), sampleKeep) && len(out) < limit {
				out = append(out, store.Delete(samples, field, cell.Rev))
			}
		}
		return out, nil
	}
}

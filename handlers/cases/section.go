package cases

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
)

// What a digest may say of cases (`kind: cases`): its `of` is one of the kinds of case;
// without it, what was found and is followed.
var sectionOf = map[string][]config.CaseKind{
	"":                         {config.CaseProblem, config.CaseLack, config.CaseLost, config.CaseBurden},
	string(config.CaseProblem): {config.CaseProblem, config.CaseLack, config.CaseLost, config.CaseBurden},
	string(config.CaseOrder):   {config.CaseOrder},
	string(config.CaseUrgent):  {config.CaseUrgent},
	string(config.CaseAnswer):  {config.CaseAnswer},
	string(config.CaseTask):    {config.CaseTask},
}

// ofSamples is the section of the spot checks.
const ofSamples = "抽查"

// inDigest is how many emergencies, orders and lists a digest names.
const inDigest = 3

// section is the cases' part of a digest: one read, whatever their number.
func section() handlers.Section {
	return handlers.Section{
		Kind: "cases",
		Names: func(p *config.Pack) []string {
			var out []string
			for _, k := range []config.CaseKind{config.CaseUrgent, config.CaseProblem, config.CaseOrder, config.CaseAnswer, config.CaseTask} {
				if p.Cases.Has(k) {
					out = append(out, string(k))
				}
			}
			if len(p.Cases.Lists) > 0 {
				out = append(out, ofSamples)
			}
			return out
		},
		Read: func(q handlers.SectionQuery) handlers.SectionPart {
			if q.Of == ofSamples {
				return samplesPart(q)
			}
			cells, kept := q.Batch.All(recent), q.Batch.All(books)
			return func() (handlers.Part, error) {
				list, err := briefs(*cells)
				if err != nil {
					return handlers.Part{}, err
				}
				titles, err := openBooks(*kept)
				if err != nil {
					return handlers.Part{}, err
				}
				kinds := sectionOf[q.Of]
				list = slices.DeleteFunc(list, func(b brief) bool {
					return b.State == Hidden || !slices.Contains(kinds, b.Kind) || q.Units != nil && !slices.Contains(q.Units, b.Unit)
				})
				switch {
				case slices.Contains(kinds, config.CaseUrgent):
					return urgentPart(list), nil
				case kinds[0].Listed():
					if q.Units != nil { // a list is the whole street's
						return handlers.Part{}, nil
					}
					return bookPart(q.Desk, kinds[0], titles, list), nil
				}
				return followed(q, list), nil
			}
		},
	}
}

// followed is 新9 结12 在办14 逾期2/14 反复1/14: new and done are those of the days reported
// on, the others are of what is open.
func followed(q handlers.SectionQuery, list []brief) handlers.Part {
	d := q.Desk
	from := q.Day.Add(1 - max(q.Days, 1))
	var fresh, done, open, late, again int
	p := handlers.Part{Class: "C1"}
	var overdue []string
	var stuck []brief // a leader has been asked for a measure
	for _, b := range list {
		if day := dayOf(d, b.Opened); day >= from && day <= q.Day {
			fresh++
		}
		if b.State == Closed {
			if day := dayOf(d, b.Closed); day >= from && day <= q.Day {
				done++
			}
			continue
		}
		if open++; b.Again {
			again++
		}
		if b.late(d.At.Unix()) {
			late++
			overdue = append(overdue, b.id)
			if (b.State == Waiting || b.State == Working) && b.Due > 0 && dayOf(d, b.Due) < d.Day && !b.settled(d) {
				stuck = append(stuck, b)
			}
		}
		switch b.State {
		case Called:
			if b.Set == 0 {
				p.Decide = append(p.Decide, b.id+" "+b.Type+" 上呼，等街道答复")
			} else if b.Street < d.At.Unix() {
				p.Decide = append(p.Decide, b.id+" "+b.Type+" 上呼，定了还没办到")
			}
		case Asking:
			p.Decide = append(p.Decide, b.id+" "+b.Type+" 要延期，等着定")
		}
	}
	if fresh+done+open == 0 {
		return handlers.Part{}
	}
	slices.SortStableFunc(stuck, func(a, b brief) int { return cmp.Compare(a.Due, b.Due) })
	for _, b := range stuck {
		p.Decide = append(p.Decide, b.stuck(d))
	}
	p.Figures = []handlers.Figure{{Label: "新", N: fresh}, {Label: "结", N: done}, {Label: "在办", N: open}}
	if open > 0 {
		p.Figures = append(p.Figures, handlers.Figure{Label: "逾期", N: late, Of: open}, handlers.Figure{Label: "反复", N: again, Of: open})
	}
	if q.Of == string(config.CaseOrder) && len(overdue) > 0 {
		p.Text = "逾期的：" + strings.Join(overdue[:min(len(overdue), inDigest)], "、")
	}
	return p
}

// settled reports whether a leader has decided about what is overdue since the day before: a
// measure without a new time is given a day.
func (b brief) settled(d *handlers.Desk) bool {
	return b.Set > b.Due && dayOf(d, b.Set) >= d.Day.Add(-1)
}

// stuck is W01 旧里失守（梅园）过期3天: what its owner could not mend in time is for a leader to
// decide. Of health matters not even where.
func (b brief) stuck(d *handlers.Desk) string {
	where := ""
	if b.Class < "C3" && b.Unit != "" {
		where = "（" + b.Unit + "）"
	}
	late := d.Day.Time(time.UTC).Sub(dayOf(d, b.Due).Time(time.UTC))
	return fmt.Sprintf("%s %s%s过期%d天", b.id, b.Type, where, int(late.Hours())/24)
}

// urgentPart names the emergencies that nobody has closed: of health matters not even where.
func urgentPart(list []brief) handlers.Part {
	var open []string
	for _, b := range list {
		if b.State != Closed {
			where := ""
			if b.Class < "C3" && b.Unit != "" {
				where = "（" + b.Unit + "）"
			}
			open = append(open, b.id+b.Type+where)
		}
	}
	if len(open) == 0 {
		return handlers.Part{}
	}
	return handlers.Part{
		Class: "C1", Figures: []handlers.Figure{{Label: "未结", N: len(open)}},
		Text: strings.Join(open[:min(len(open), inDigest)], "、"),
	}
}

// bookPart is 2 督查反馈：5项 完成3, behind its title; lists that are done are not said.
func bookPart(d *handlers.Desk, kind config.CaseKind, titles []book, list []brief) handlers.Part {
	var out []string
	for _, k := range titles {
		if k.kind == kind && k.left(list) > 0 {
			out = append(out, strings.TrimPrefix(k.count(d, list), string(kind)))
		}
	}
	if len(out) == 0 {
		return handlers.Part{}
	}
	if len(out) > inDigest {
		out = append(out[:inDigest], fmt.Sprintf("还有%d张", len(out)-inDigest))
	}
	return handlers.Part{Class: "C1", Text: strings.Join(out, "；")}
}

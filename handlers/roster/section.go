package roster

import (
	"fmt"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// What a pack may name behind `kind: roster, of:`.
const (
	ofPosts = "岗位" // today's posts, and which lack people
	ofAid   = "支援" // hands from other bodies, and requests nobody has met
	ofRest  = "轮休" // how many have been on duty for too long
)

// sections are the family's parts of a digest.
func (f *Family) sections() []handlers.Section {
	return []handlers.Section{{
		Kind: "roster",
		Names: func(p *config.Pack) []string {
			if len(p.Rosters.Posts) == 0 {
				return nil
			}
			return []string{ofPosts, ofAid, ofRest}
		},
		Read: func(q handlers.SectionQuery) handlers.SectionPart {
			if q.Of == ofRest {
				return f.restPart(q)
			}
			return f.postPart(q)
		},
	}}
}

// postPart counts the posts of the day after the one reported on: the day the leaders read
// it, on which what is open can still be filled.
func (f *Family) postPart(q handlers.SectionQuery) handlers.SectionPart {
	cells := q.Batch.All(shifts)
	return func() (handlers.Part, error) {
		list, err := openShifts(*cells)
		if err != nil {
			return handlers.Part{}, err
		}
		st, today := q.Desk.Street, q.Day.Add(1)
		need, have, aid, lack := 0, 0, 0, 0
		var open, decide []string
		for _, s := range list {
			if s.Off || !s.on(st, today) || q.Units != nil && !slices.Contains(q.Units, s.Unit) {
				continue
			}
			for _, t := range s.Takers {
				aid += t.N
			}
			if n := s.open(); s.Asked && n > 0 {
				lack += n
				decide = append(decide, fmt.Sprintf("%s要人 %s 缺%d，派谁？", or(s.Unit, "街道"), s.id, n))
			}
			if p, _ := post(st, s); p.Kind.Central() || p.Kind == config.PostAid {
				continue
			}
			need, have = need+s.Need, have+min(s.have(), s.Need)
			if s.open() > 0 {
				open = append(open, s.what())
			}
		}
		if len(open) > 3 {
			open = append(open[:3], "等")
		}
		if len(decide) > 3 {
			decide = decide[:3]
		}
		part := handlers.Part{Class: "C1"}
		if q.Of != ofAid && need > 0 {
			part.Figures = append(part.Figures, handlers.Figure{Label: "今日岗位", N: need}, handlers.Figure{Label: "到位", N: have}, handlers.Figure{Label: "缺", N: need - have})
			if len(open) > 0 {
				part.Text = "（" + strings.Join(open, "、") + "）"
			}
		}
		if q.Of != ofPosts && aid+lack > 0 {
			part.Figures = append(part.Figures, handlers.Figure{Label: "在岗", N: aid}, handlers.Figure{Label: "缺口", N: lack})
			part.Decide = decide
		}
		if len(part.Figures) == 0 {
			return handlers.Part{}, nil
		}
		return part, nil
	}
}

// restPart counts who has been on duty for too long. It names nobody, and no committee.
func (f *Family) restPart(q handlers.SectionQuery) handlers.SectionPart {
	rests, own := q.Batch.All(leaves), q.Batch.All(hands)
	return func() (handlers.Part, error) {
		p, err := tiredOf(q.Desk, *rests, *own)
		if err != nil {
			return handlers.Part{}, err
		}
		alarm := rules(q.Desk.Street).Alarm
		n := len(p.worn(q.Desk, alarm))
		if n == 0 || q.Units != nil {
			return handlers.Part{}, nil
		}
		return handlers.Part{Class: "C1", Figures: []handlers.Figure{
			{Label: fmt.Sprintf("连续%d天以上", alarm), N: n}, {Label: "已排", N: p.eased(q.Desk, alarm)},
		}}, nil
	}
}

// tiredOf is as much of a plan as counting needs.
func tiredOf(d *handlers.Desk, rests, own map[string]store.Cell) (plan, error) {
	p := plan{street: d.Street}
	var err error
	if p.rests, err = openLeaves(rests); err != nil {
		return p, err
	}
	p.hands, err = openHands(own)
	return p, err
}

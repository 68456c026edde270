package roster

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"juwei/config"
)

// breaks finds what is wrong in somebody's shifts. What a named person has signed may break
// the rest due and the days in a row, each signed shift by itself; nothing may overlap.
func breaks(st *config.Street, r config.Rosters, h *Hand) string {
	signed := map[config.Day]bool{}
	days := map[config.Day]bool{}
	for i, a := range h.Slots {
		day := st.Day(unix(a.From))
		days[day] = true
		signed[day] = signed[day] || a.Signed
		for _, b := range h.Slots[i+1:] {
			if a.From < b.To && b.From < a.To {
				return fmt.Sprintf("%s overlaps %s", a.ID, b.ID)
			}
			if gap := max(b.From-a.To, a.From-b.To); gap < int64(r.Rest/time.Second) && !a.Signed && !b.Signed {
				return fmt.Sprintf("%s is %d minutes from %s", a.ID, gap/60, b.ID)
			}
		}
	}
	for day := range days {
		if days[day.Add(-1)] {
			continue
		}
		run, by := 0, 0
		for d := day; days[d]; d = d.Add(1) {
			run++
			if signed[d] {
				by++
			}
		}
		if run-by > r.Row {
			return fmt.Sprintf("%d days in a row from %s, %d of them signed", run, day, by)
		}
	}
	return ""
}

// No sequence of needs, sign-ups, swaps, covers, duty lists and signatures breaks the rules of
// rest without a signature, puts anybody on two posts at once, or loses anybody: what the
// shifts say and what the hands say is the same.
func TestNoRosterBreaksTheRules(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			rnd := rand.New(rand.NewPCG(seed, 7))
			pick := func(list ...string) string { return list[rnd.IntN(len(list))] }
			volunteers := []string{"zy-01", "zy-02", "zy-03", "zy-04", "sg-meiyuan"}
			leads := 0
			for range 260 {
				v := func() string { return fmt.Sprintf("V%d", 1+rnd.IntN(16)) }
				day := fmt.Sprintf("2.%d", 14+rnd.IntN(12))
				switch rnd.IntN(9) {
				case 0, 1:
					h.say("sj-meiyuan", fmt.Sprintf("/缺岗 %s 南门 %s %s 2人", pick("测温", "值守", "门岗"), day, pick("8-12", "13-17", "22-6", "6-10")))
				case 2, 3, 4:
					h.say(pick(volunteers...), "/报名 "+v())
				case 5:
					h.say("sj-meiyuan", "/报名 "+v()+" "+pick("志愿者31", "志愿者32"))
				case 6:
					a, b := v(), v()
					h.say(pick(volunteers...), "/换班 "+a+" "+b)
					h.say(pick(volunteers...), "/换班 "+a+" "+b+" 同意")
				case 7:
					x := v()
					h.say(pick(volunteers...), "/替 "+x)
					h.say(pick(volunteers...), "/替 "+x)
				case 8:
					if rnd.IntN(3) == 0 {
						h.say("dzb-1", fmt.Sprintf("/值班 %s%s 值班室一 联络员一", day, pick("", "夜")))
					} else {
						h.say("dzb-1", "/签 "+v()+" "+pick("志愿者01", "志愿者31")+" 没人能顶")
						leads++
					}
				}
				list, all := h.world()
				r := rules(h.street)
				for who, hand := range all {
					if what := breaks(h.street, r, hand); what != "" {
						t.Fatalf("%s: %s", who, what)
					}
				}
				same(t, list, all)
			}
			list, _ := h.world()
			if len(list) < 8 {
				t.Errorf("only %d shifts: the walk goes nowhere", len(list))
			}
		})
	}
}

// same compares who the shifts say is on with what each one's own shifts say.
func same(t *testing.T, list []*Shift, all map[string]*Hand) {
	t.Helper()
	on := map[string][]string{}
	for _, s := range list {
		if n := s.have(); n > s.Need {
			t.Fatalf("%s has %d of %d", s.id, n, s.Need)
		}
		for i, k := range s.Takers {
			if slices.ContainsFunc(s.Takers[i+1:], func(x Taker) bool { return x.Who == k.Who }) {
				t.Fatalf("%s has %s twice", s.id, k.Who)
			}
			if k.N == 0 {
				on[k.Who] = append(on[k.Who], s.id)
			}
		}
	}
	for who, hand := range all {
		var own []string
		for _, s := range hand.Slots {
			own = append(own, s.ID)
		}
		slices.Sort(own)
		slices.Sort(on[who])
		if !slices.Equal(own, on[who]) {
			t.Fatalf("%s: shifts say %v, the hand says %v", who, on[who], own)
		}
		delete(on, who)
	}
	if len(on) > 0 {
		t.Fatalf("no hands of %v", on)
	}
}

// The rotation never empties a post, never breaks the rules of rest, never sends anybody who
// wants to rest himself, and is the same each time.
func TestRotationKeepsEveryPost(t *testing.T) {
	t.Parallel()
	st := &config.Street{Location: time.FixedZone("CST", 8*3600)}
	p := &config.Post{Name: "值守", Nights: 3}
	r := config.Rosters{Rest: 11 * time.Hour, Row: 7, Alarm: 10}
	start := time.Date(2020, 2, 14, 0, 0, 0, 0, st.Location)
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 11))
		one := plan{street: st, hands: map[string]*Hand{}, rests: map[string]Leave{}}
		for i := range 3 + rnd.IntN(8) {
			one.pool = append(one.pool, fmt.Sprintf("p%02d", i))
		}
		for i := range 25 {
			from := start.AddDate(0, 0, rnd.IntN(9)).Add(time.Duration([]int{6, 8, 14, 22}[rnd.IntN(4)]) * time.Hour)
			s := &Shift{id: fmt.Sprintf("V%02d", i), Post: "值守", From: from.Unix(), To: from.Add(8 * time.Hour).Unix(), Need: 1 + rnd.IntN(2)}
			for _, who := range one.pool {
				h := one.hands[who]
				if h == nil {
					h = &Hand{who: who}
					one.hands[who] = h
				}
				if b, _, _ := h.check(st, r, p, s.slot()); b == Fits && s.open() > 0 && rnd.IntN(2) == 0 {
					s.Takers = append(s.Takers, Taker{Who: who})
					h.add(s.slot(), start)
				}
			}
			one.shifts = append(one.shifts, s)
		}
		for _, who := range one.pool {
			if rnd.IntN(3) == 0 {
				one.rests[who] = Leave{Days: []config.Day{st.Day(start.AddDate(0, 0, rnd.IntN(9)))}}
			}
		}
		one.fit = func(*Shift, string) bool { return true }
		one.rules = func(*Shift) (*config.Post, config.Rosters) { return p, r }
		one.rank = func(s *Shift, who string) int { return int(s.From+int64(len(who))) % 2 }

		got := one.propose()
		again := one.propose()
		if !slices.Equal(got, again) {
			t.Fatalf("seed %d: not the same twice", seed)
		}
		before := map[string]int{}
		for _, s := range one.shifts {
			before[s.id] = s.have()
		}
		for _, x := range got {
			if x.To == "" {
				continue
			}
			i := x.Shift.taker(x.From)
			if i < 0 || x.Shift.taker(x.To) >= 0 {
				t.Fatalf("seed %d: %s: %s for %s", seed, x.Shift.id, x.To, x.From)
			}
			if one.rests[x.To].covers(st, x.Shift.From, x.Shift.To) {
				t.Fatalf("seed %d: %s rests himself", seed, x.To)
			}
			x.Shift.Takers[i] = Taker{Who: x.To}
			one.hands[x.From].drop(x.Shift.id)
			one.hands[x.To].add(x.Shift.slot(), start)
		}
		for _, s := range one.shifts {
			if s.have() != before[s.id] {
				t.Fatalf("seed %d: %s had %d, has %d", seed, s.id, before[s.id], s.have())
			}
		}
		for _, who := range slices.Sorted(maps.Keys(one.hands)) {
			if what := breaks(st, r, one.hands[who]); what != "" {
				t.Fatalf("seed %d: %s: %s", seed, who, what)
			}
		}
		for _, x := range got { // who wanted to rest and could be relieved does
			if x.To != "" && one.hands[x.From].slot(x.Shift.id) != nil {
				t.Fatalf("seed %d: %s still on %s", seed, x.From, x.Shift.id)
			}
		}
	}
}

package register

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"juwei/config"
	"juwei/handlers"
)

// home14 is the plain model of the epidemic pack's 户册: what a careful person would
// write down by hand. It knows nothing of the engine.
type home14 struct {
	there   bool
	state   string
	arrived int // day of arrival, 0: unknown
	paper   bool
}

func (h home14) full(today int) bool { return h.arrived != 0 && today >= h.arrived+14 }

func (h home14) followed(today int) bool {
	return (h.state == "蓝" || h.state == "黄" || h.state == "橙") && h.arrived != 0 && today < h.arrived+14
}

func (h home14) begin() home14 {
	if !h.there {
		return home14{there: true, state: "灰"}
	}
	return h
}

// arrive is 返 and 重点.
func (h home14) arrive(day int, key bool) (home14, bool) {
	h = h.begin()
	if h.state == "绿" {
		h.arrived, h.paper = 0, false
	}
	h.arrived = day
	switch {
	case h.state == "橙" || h.state == "红":
	case key:
		h.state = "黄"
	case h.state != "黄":
		h.state = "蓝"
	}
	return h, true
}

// expect is 租 with a planned day.
func (h home14) expect() (home14, bool) {
	h = h.begin()
	if h.state == "灰" || h.state == "绿" {
		h.state = "紫"
	}
	return h, true
}

// measure is 测.
func (h home14) measure(today int, fever bool) (home14, bool) {
	if !h.there || !h.followed(today) {
		return h, false
	}
	if fever {
		h.state = "橙"
	}
	return h, true
}

// release is 解, with the paper or without.
func (h home14) release(today int, paper bool) (home14, bool) {
	if !h.there {
		return h, false
	}
	has := h.paper || paper
	ok := h.state == "灰" || h.state == "绿" || h.state == "蓝" && (h.full(today) || has) || h.state == "黄" && has
	if !ok {
		return h, false
	}
	h.paper, h.state = has, "绿"
	return h, true
}

// colour is 色 by a social worker.
func (h home14) colour(today int, want string) (home14, bool) {
	h = h.begin()
	may := map[string]string{
		"灰": "灰紫绿蓝黄橙", "紫": "紫蓝黄灰橙", "蓝": "蓝黄橙", "黄": "黄蓝橙", "橙": "橙", "红": "红橙", "绿": "绿蓝黄紫橙",
	}
	ok := false
	for _, s := range may[h.state] {
		ok = ok || string(s) == want
	}
	if want == "绿" && h.state != "绿" {
		ok = h.state == "灰" || h.state == "蓝" && (h.full(today) || h.paper) || h.state == "黄" && h.paper
	}
	if ok {
		h.state = want
	}
	return h, ok
}

// pass is a night: who is full of the blue ones is released by itself.
func (h home14) pass(today int) home14 {
	if h.there && h.state == "蓝" && h.full(today) {
		h.state = "绿"
	}
	return h
}

// TestEngineAgainstModel plays random sequences on the engine and on the model, and compares
// after every step: the state, whether temperatures are asked, and what was refused.
func TestEngineAgainstModel(t *testing.T) {
	t.Parallel()
	d, b, by := desk(t)
	for seed := range uint64(400) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		var h home14
		e := &Entry{Key: "彩虹花苑/6-1203", Unit: "梅园", field: "x"}
		start := time.Date(2020, 2, 1, 9, 0, 0, 0, d.Street.Location)
		d := *d
		var story []string
		for day := 0; day < 40; day++ {
			d.At = start.AddDate(0, 0, day)
			d.Day = d.Street.Day(d.At)
			today := dayNumber(d.Day)
			h = h.pass(today)
			if at := b.next(&d, e); !at.IsZero() && !at.After(d.At) {
				if now, names, _, _ := b.strike(&d, e); len(names) > 0 {
					now.rev, now.field = e.rev+1, e.field
					e = now
				}
			}
			if at := b.next(&d, e); !at.IsZero() && !at.After(d.At) {
				t.Fatalf("seed %d: a limit of %s has not spoken\n%v", seed, at, story)
			}
			o, want, ok := step(rnd, &d, h, today)
			story = append(story, fmt.Sprintf("%s /%s %v %s %v", d.Day, o.Act, o.Values, o.Picked, o.Readings))
			w := &bench{book: b, d: &d, by: by, act: b.Act(o.Act), o: o, old: e}
			v, err := w.decide()
			var why *handlers.Refusal
			switch {
			case err != nil && !errors.As(err, &why):
				t.Fatalf("seed %d: %v\n%v", seed, err, story)
			case (err == nil) != ok:
				t.Fatalf("seed %d: engine says %v, model says %v (model %+v)\n%v", seed, err, ok, h, story)
			case v.ask != nil:
				t.Fatalf("seed %d: asked %q\n%v", seed, v.ask.Text, story)
			}
			if err == nil && v.now != nil {
				v.now.rev, v.now.field = e.rev+1, e.field
				e = v.now
			}
			if ok {
				h = want
			}
			going := b.runs(b.figures(&d, e, nil, o.To), b.Follow("测温"))
			switch {
			case !h.there:
			case e.State != h.state:
				t.Fatalf("seed %d: the entry is %s, the model %s\n%v", seed, e.State, h.state, story)
			case going && !h.followed(today) || !going && h.followed(today):
				t.Fatalf("seed %d: temperatures asked: %v, model %+v\n%v", seed, going, h, story)
			}
		}
	}
}

// step makes up the next line, and says what the model makes of it.
func step(rnd *rand.Rand, d *handlers.Desk, h home14, today int) (o order, want home14, ok bool) {
	o = order{Pack: "epidemic", Register: "户册", To: target{Unit: "梅园", Key: "彩虹花苑/6-1203", Name: "6号1203", Line: "6-1203"}, Why: "电话打不通", Values: map[string]int{}, Sure: []string{"change", "check/1"}}
	arrival := d.Day.Add(-rnd.IntN(10))
	switch rnd.IntN(9) {
	case 0, 1:
		o.Act, o.Values = "返", map[string]int{"人数": 2, "来源": 6, "抵沪": arrival.Number()}
		want, ok = h.arrive(dayNumber(arrival), false)
	case 2:
		o.Act, o.Values = "重点", map[string]int{"人数": 2, "来源": 1, "抵沪": arrival.Number()}
		want, ok = h.arrive(dayNumber(arrival), true)
	case 3:
		o.Act, o.Values = "租", map[string]int{"计划返": d.Day.Add(3).Number()}
		want, ok = h.expect()
	case 4, 5:
		n := 365
		if rnd.IntN(6) == 0 {
			n = 376
		}
		o.Act, o.Readings = "测", []reading{{Slot: -1, N: n, Sure: true}}
		want, ok = h.measure(today, n > 372)
	case 6:
		o.Act = "解"
		want, ok = h.release(today, false)
	case 7:
		o.Act, o.Values = "解", map[string]int{"告知单": 1}
		want, ok = h.release(today, true)
	default:
		colours := []string{"灰", "紫", "蓝", "黄", "橙", "红", "绿"}
		o.Act, o.Picked = "色", colours[rnd.IntN(len(colours))]
		want, ok = h.colour(today, o.Picked)
	}
	return o, want, ok
}

// desk is the demo street on the first day, its register of households, and a social worker.
func desk(t *testing.T) (*handlers.Desk, *book, config.Person) {
	t.Helper()
	cfg, err := config.Demo(config.Known{})
	if err != nil {
		t.Fatal(err)
	}
	s := cfg.Streets[0]
	d := &handlers.Desk{Street: s, Dir: handlers.NewDirectory(cfg.Streets), At: time.Date(2020, 2, 13, 15, 0, 0, 0, s.Location), Day: "2020-02-13"}
	p := cfg.Packs["epidemic"]
	by, ok := s.Person("sg-meiyuan")
	if !ok || p.Register("户册") == nil {
		t.Fatal("the demo has no social worker, or no register of households")
	}
	return d, newBook(p, p.Register("户册")), by
}

package courier

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"juwei/bot/wecom"
	"juwei/handlers"
	"juwei/store"
	"juwei/store/storetest"
)

// Random days: pushes, faults of the platform, deaths in the middle of a send and two
// couriers on one Redis. Whatever happens: order is kept, nothing is said twice without
// its mark, never faster than the pace, never above the budget or in the quiet hours, and
// nothing is lost.
func TestRandomDays(t *testing.T) {
	t.Parallel()
	const seeds = 12
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			server := storetest.Mini(t)
			if seed%4 == 0 {
				server = storetest.Start(t)
			}
			d := newDays(t, server, seed)
			for range 250 {
				d.step()
			}
			d.finish()
			d.check()
		})
	}
}

// days is a world with two mortal couriers.
type days struct {
	*world
	mu       sync.Mutex // of rng
	rng      *rand.Rand
	mortals  [2]*mortal
	calm     bool // the platform works
	numbers  map[string]int64
	lastText int
}

// mortal is a courier that may die in the middle of a send.
type mortal struct {
	courier *Courier
	store   *store.Store
	mu      sync.Mutex
	up      func() // not nil: it is dead
}

func (m *mortal) dead() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.up != nil
}

func (m *mortal) rise() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.up != nil {
		m.up()
		m.up = nil
	}
}

func newDays(t *testing.T, server *storetest.Server, seed uint64) *days {
	d := &days{world: newWorld(t, server.Open(t)), rng: rand.New(rand.NewPCG(seed, 7)), numbers: map[string]int64{}}
	d.platform.reply = d.fate
	report := handlers.Recipe{Name: handlers.RecipeUndelivered, Render: func(context.Context, *handlers.Serving) (handlers.Content, error) {
		return handlers.Say("【投递】"), nil
	}}
	for i := range d.mortals {
		m := &mortal{store: server.Open(t)}
		m.courier = d.replica(m.store, strconv.Itoa(i), report)
		outlet := m.courier.o.Outlet
		m.courier.o.Outlet = func(s *handlers.Street, to handlers.Target, hop int) (Outlet, error) {
			o, err := outlet(s, to, hop)
			send := o.Send
			o.Send = func(ctx context.Context, c handlers.Content, so wecom.SendOptions) error {
				dies := d.roll(100)
				if dies == 0 { // before a byte left
					d.kill(m)
					return &wecom.Error{Op: "test"}
				}
				err := send(ctx, c, so)
				if dies == 1 { // before the answer came
					d.kill(m)
				}
				return err
			}
			return o, err
		}
		d.mortals[i] = m
	}
	return d
}

func (d *days) kill(m *mortal) {
	if d.calm {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.up == nil {
		m.up = storetest.Down(d.t, m.store)
	}
}

func (d *days) roll(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rng.IntN(n)
}

// fate is what the platform does to a send.
func (d *days) fate(_ string, to handlers.Target, _ string) reply {
	if d.calm {
		return reply{}
	}
	switch n := d.roll(100); {
	case n < 6:
		return refuse(45009)
	case n < 12:
		return refuse(-1)
	case n < 18:
		return lostAnswer
	case n < 21:
		return lostRequest
	case n < 25:
		return noNetwork
	case n < 28 && !to.IsChat():
		return refuse(60111)
	}
	return reply{}
}

var (
	randomKinds   = []handlers.PushKind{handlers.Emergency, handlers.Reply, handlers.Digest, handlers.Notice, handlers.CaseCard, handlers.Nudge, handlers.Reminder}
	randomTargets = []handlers.Target{"user:a", "user:b", "chat:书记群"}
)

func (d *days) step() {
	switch n := d.roll(10); {
	case n < 4:
		kind, to := randomKinds[d.roll(len(randomKinds))], randomTargets[d.roll(len(randomTargets))]
		d.lastText++
		text := fmt.Sprintf("%s#%d", kind, d.lastText)
		d.numbers[text] = d.push(to, kind, text)
	case n < 6:
		d.clock.move(time.Duration(d.roll(40*60)) * time.Second)
	case n < 7:
		d.mortals[d.roll(2)].rise()
	case n < 8:
		var wg sync.WaitGroup
		for _, m := range d.mortals {
			wg.Go(func() { d.drainBy(m) })
		}
		wg.Wait()
	default:
		d.drainBy(d.mortals[d.roll(2)])
	}
}

func (d *days) drainBy(m *mortal) time.Time {
	if m.dead() {
		return time.Time{}
	}
	next, err := m.courier.Drain(d.t.Context(), d.clock.Now())
	if err != nil && !m.dead() {
		d.t.Errorf("drain: %v", err)
	}
	return next
}

// finish lets everything that waits come to its end.
func (d *days) finish() {
	d.t.Helper()
	d.calm = true
	for _, m := range d.mortals {
		m.rise()
	}
	end := d.clock.Now().Add(10 * 24 * time.Hour)
	for d.clock.Now().Before(end) {
		next := d.drainBy(d.mortals[0])
		if next.IsZero() {
			return
		}
		d.clock.move(max(next.Sub(d.clock.Now()), time.Second))
	}
	d.t.Errorf("after ten days something still waits: %v", d.states())
}

// heardTexts are the texts of one message: without marks, merged ones apart.
func heardTexts(text string) []string {
	return strings.Split(strings.TrimPrefix(text, resentMark), "\n\n")
}

func (d *days) check() {
	d.t.Helper()
	states := d.states()
	heard, plain := map[int64]int{}, map[int64]int{} // deliveries, and those without a mark
	last := map[string]int64{}                       // target and kind → the last number heard for the first time
	counted := map[string]map[string]bool{}          // target and day → messages that count
	for _, s := range d.platform.said {
		for i, text := range heardTexts(s.text) {
			n, ours := d.numbers[text]
			if !ours {
				break // of the courier's own: passed on, or for the administrator
			}
			if !strings.HasPrefix(s.text, resentMark) {
				plain[n]++
			}
			kind, _, _ := strings.Cut(text, "#")
			if heard[n]++; heard[n] == 1 {
				lane := string(s.to) + kind
				if n < last[lane] {
					d.t.Errorf("%s was heard after %d", text, last[lane])
				}
				last[lane] = n
			}
			m := handlers.MannersOf(handlers.PushKind(kind))
			if hour := s.at.In(shanghai).Hour(); !m.Loud && (hour >= 20 || hour < 8) {
				d.t.Errorf("%s was said at %v", text, s.at)
			}
			if m.Counts && i == 0 {
				key := string(s.to) + s.at.In(shanghai).Format(time.DateOnly)
				if counted[key] == nil {
					counted[key] = map[string]bool{}
				}
				counted[key][text] = true
			}
		}
	}
	for key, texts := range counted {
		if len(texts) > 3 {
			d.t.Errorf("%s heard %d counted messages: %v", key, len(texts), texts)
		}
	}
	for text, n := range d.numbers {
		if plain[n] > 1 {
			d.t.Errorf("%s was said %d times without a mark", text, plain[n])
		}
		state, _, _ := strings.Cut(states[n], " ")
		switch {
		case state == "sent" && heard[n] == 0, (state == "dead" || state == "dropped") && heard[n] > 0,
			state != "sent" && state != "dead" && state != "dropped" && state != "unknown":
			d.t.Errorf("%s (%d) is %q, and was heard %d times", text, n, states[n], heard[n])
		}
	}
	d.checkPace()
}

// checkPace looks at every window of what each channel delivered.
func (d *days) checkPace() {
	d.t.Helper()
	times := map[string][]time.Time{}
	for _, s := range d.platform.said {
		key := s.channel + " " + string(s.to)
		times[key] = append(times[key], s.at)
	}
	for key, ts := range times {
		for _, w := range testWindows {
			for i := w.Limit; i < len(ts); i++ {
				if ts[i].Sub(ts[i-w.Limit]) < w.Span {
					d.t.Errorf("%s heard %d within %v", key, w.Limit+1, ts[i].Sub(ts[i-w.Limit]))
				}
			}
		}
	}
}

package clockwork

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/robfig/cron/v3"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
	"juwei/store/storetest"
)

var zone = time.FixedZone("CST", 8*3600)

func at(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04:05", text, zone)
	if err != nil {
		panic(err)
	}
	return t
}

// duty is a duty of a test's pack: its kind is its name.
func duty(t *testing.T, kind, line, late string, grace time.Duration) *config.Duty {
	t.Helper()
	s, err := cron.ParseStandard(line)
	if err != nil {
		t.Fatal(err)
	}
	return &config.Duty{Do: kind, Cron: line, Schedule: s, Days: config.DaysAll, Late: late, Grace: grace}
}

// house is a street with one pack whose duties note each slot they were done for, in a
// cell whose revision counts how often.
type house struct {
	t      *testing.T
	store  *store.Store
	street *config.Street
	kinds  []handlers.Duty
	items  []handlers.DueItem
	log    bytes.Buffer
	logger *slog.Logger // one for all replicas: it guards log
}

const doneTable = "done"

func newHouse(t *testing.T, s *store.Store, duties ...*config.Duty) *house {
	t.Helper()
	h := &house{t: t, store: s}
	h.logger = slog.New(slog.NewTextHandler(&h.log, nil))
	h.street = &config.Street{
		Code: storetest.Street(t), Location: zone, Calendar: &config.Calendar{},
		Runs: []config.Run{{Pack: &config.Pack{Name: "p", Duties: duties}, From: "2020-02-01", To: "2020-03-31"}},
	}
	for _, d := range duties {
		h.kinds = append(h.kinds, handlers.Duty{Kind: d.Do, Run: h.note})
	}
	return h
}

// note is what every duty of a test does.
func (h *house) note(_ context.Context, m *handlers.Moment) (handlers.Outcome, error) {
	slot := m.Duty.Do + " " + m.Slot.In(zone).Format("2006-01-02 15:04")
	return handlers.Outcome{Changes: []store.Change{store.Put(store.Records(doneTable), slot, store.Any, m.At.Format(time.RFC3339))}}, nil
}

func (h *house) clockwork(changes ...func(*Options)) *Clockwork {
	o := Options{
		Directory: handlers.NewDirectory([]*config.Street{h.street}), Store: h.store, Duties: h.kinds, Items: h.items,
		Logger: h.logger,
	}
	for _, change := range changes {
		change(&o)
	}
	return New(o)
}

func (h *house) run(w *Clockwork, now time.Time) time.Time {
	h.t.Helper()
	next, err := w.Run(context.Background(), now)
	if err != nil {
		h.t.Fatalf("run at %s: %v", now, err)
	}
	return next
}

// done are the slots that were done, sorted; one that was done twice fails the test.
func (h *house) done() []string {
	h.t.Helper()
	b := h.store.Read(h.street.Code)
	cells := b.All(store.Records(doneTable))
	if err := b.Run(context.Background()); err != nil {
		h.t.Fatal(err)
	}
	var out []string
	for slot, cell := range *cells {
		out = append(out, slot)
		if cell.Rev != 1 {
			h.t.Errorf("%s was done %d times", slot, cell.Rev)
		}
	}
	slices.Sort(out)
	return out
}

func (h *house) want(slots ...string) {
	h.t.Helper()
	if got := h.done(); !slices.Equal(got, slots) {
		h.t.Errorf("done %q, want %q", got, slots)
	}
}

func TestCatchUp(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := newHouse(t, s, duty(t, "nudge", "30 15 * * *", config.LateSkip, 45*time.Minute), duty(t, "digest", "30 7 * * *", config.LateOnce, 0))
		w := h.clockwork()
		h.run(w, at("2020-02-13 09:00:00")) // 07:30 is before the duty existed
		h.want()
		h.run(w, at("2020-02-13 16:15:00")) // within the grace
		h.want("nudge 2020-02-13 15:30")
		h.run(w, at("2020-02-14 17:00:00")) // a day's stop: the digest once, the nudge no more
		h.want("digest 2020-02-14 07:30", "nudge 2020-02-13 15:30")
		h.run(w, at("2020-02-18 10:00:00")) // days: the newest digest stands for all
		h.want("digest 2020-02-14 07:30", "digest 2020-02-18 07:30", "nudge 2020-02-13 15:30")
		if log := h.log.String(); strings.Count(log, "duty skipped") != 2 || !strings.Contains(log, "late=18h30m0s") {
			t.Errorf("what was skipped is not in the log:\n%s", log)
		}
		if next := h.run(w, at("2020-02-18 10:00:01")); !next.Equal(at("2020-02-18 15:30:00")) {
			t.Errorf("next at %s", next)
		}
		h.run(w, at("2020-06-01 10:00:00")) // longer than anything makes sense
		h.want("digest 2020-02-14 07:30", "digest 2020-02-18 07:30", "nudge 2020-02-13 15:30")
	})
}

// A clock that goes back repeats nothing, however far; one that leapt forward and came
// back has not swallowed the days between.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := newHouse(t, s, duty(t, "digest", "30 7 * * *", config.LateOnce, 0))
		w := h.clockwork()
		h.run(w, at("2020-02-13 07:29:00"))
		h.run(w, at("2020-02-13 07:30:00"))
		for _, back := range []string{"2020-02-13 06:30:00", "2020-02-12 00:00:00", "1970-01-01 00:00:00", "2019-12-31 23:59:59"} {
			h.run(w, at(back))
			h.run(w, at("2020-02-13 07:31:00"))
			h.want("digest 2020-02-13 07:30")
		}
		h.run(w, at("2020-02-20 12:00:00")) // wrong by a week: nobody can know
		h.want("digest 2020-02-13 07:30", "digest 2020-02-20 07:30")
		h.run(w, at("2030-01-01 00:00:00")) // and wronger still
		for day := 13; day <= 21; day++ {   // mended
			h.run(w, at(fmt.Sprintf("2020-02-%d 12:00:00", day)).Add(-4*time.Hour-30*time.Minute))
			h.run(w, at(fmt.Sprintf("2020-02-%d 12:00:00", day)))
		}
		var want []string
		for day := 13; day <= 21; day++ {
			want = append(want, fmt.Sprintf("digest 2020-02-%d 07:30", day))
		}
		h.want(want...)
	})
}

// A duty about yesterday begins the morning after its pack's first day, also when the bot
// was there before, and ends the morning after the last.
func TestPastDuty(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.Mini(t).Open(t), duty(t, "digest", "30 7 * * *", config.LateOnce, 0))
	h.kinds[0].Past = true
	h.street.Runs[0].From, h.street.Runs[0].To = "2020-02-10", "2020-02-12"
	w := h.clockwork()
	for now := at("2020-02-08 12:00:00"); now.Before(at("2020-02-16 00:00:00")); now = now.Add(time.Hour) {
		h.run(w, now)
	}
	h.want("digest 2020-02-11 07:30", "digest 2020-02-12 07:30", "digest 2020-02-13 07:30")
	if next := h.run(w, at("2020-02-16 00:00:00")); !next.IsZero() {
		t.Errorf("after the end comes %s", next)
	}
}

// A form's own last day ends its duties before the pack does.
func TestFormEndsItsDuties(t *testing.T) {
	t.Parallel()
	d := duty(t, "nudge", "30 15 * * *", config.LateSkip, time.Hour)
	d.Form = "日报"
	h := newHouse(t, storetest.Mini(t).Open(t), d)
	h.street.Runs[0].Pack.Forms = []*config.Form{{Name: "日报", Until: "2020-02-14"}}
	w := h.clockwork()
	for now := at("2020-02-13 12:00:00"); now.Before(at("2020-02-17 00:00:00")); now = now.Add(time.Hour) {
		h.run(w, now)
	}
	h.want("nudge 2020-02-13 15:30", "nudge 2020-02-14 15:30")
}

// Two replicas look at one street at the same moments of a clock that wanders in every
// way: no slot is ever done twice.
func TestTwoReplicasNeverTwice(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		r := rand.New(rand.NewPCG(seed, 0))
		h := newHouse(t, s,
			duty(t, "often", "*/10 * * * *", config.LateSkip, 5*time.Minute),
			duty(t, "nudge", "30 15,16 * * *", config.LateSkip, 45*time.Minute),
			duty(t, "digest", "30 7 * * *", config.LateOnce, 0))
		replicas := []*Clockwork{h.clockwork(), h.clockwork(), h.clockwork()}
		now := at("2020-02-13 12:00:00")
		for range 150 {
			switch r.IntN(12) {
			case 0:
				now = now.Add(-time.Duration(r.Int64N(int64(72 * time.Hour))))
			case 1:
				now = now.Add(time.Duration(r.Int64N(int64(96 * time.Hour))))
			default:
				now = now.Add(time.Duration(r.Int64N(int64(40 * time.Minute))))
			}
			both(t, replicas, now)
		}
		h.done()
	})
}

// both lets every replica look at the same moment.
func both(t *testing.T, replicas []*Clockwork, now time.Time) {
	t.Helper()
	var wg sync.WaitGroup
	for _, w := range replicas {
		wg.Go(func() {
			if _, err := w.Run(context.Background(), now); err != nil {
				t.Errorf("run at %s: %v", now, err)
			}
		})
	}
	wg.Wait()
}

// On a clock that only goes forward, in steps no longer than the grace, every slot is done
// once, whichever replica is there: each dies and comes back at random.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		r := rand.New(rand.NewPCG(seed, 1))
		h := newHouse(t, s, duty(t, "nudge", "30 15,16 * * *", config.LateSkip, 45*time.Minute), duty(t, "digest", "30 7 * * *", config.LateOnce, 0))
		replicas := []*Clockwork{h.clockwork(), h.clockwork()}
		now := at("2020-02-13 00:00:00")
		both(t, replicas, now)
		var want []string
		for day := 13; day < 20; day++ {
			want = append(want, fmt.Sprintf("digest 2020-02-%d 07:30", day), fmt.Sprintf("nudge 2020-02-%d 15:30", day), fmt.Sprintf("nudge 2020-02-%d 16:30", day))
		}
		slices.Sort(want)
		for now.Before(at("2020-02-20 00:00:00")) {
			now = now.Add(time.Duration(1 + r.Int64N(int64(45*time.Minute))))
			if now.After(at("2020-02-20 00:00:00")) {
				break
			}
			alive := replicas
			if i := r.IntN(3); i < 2 {
				alive = replicas[i : i+1]
			}
			if r.IntN(4) == 0 {
				alive[0] = h.clockwork() // restarted
			}
			both(t, alive, now)
		}
		h.want(want...)
	})
}

func (h *house) remember(w *Clockwork, changes ...store.Change) {
	h.t.Helper()
	if _, err := h.store.Commit(context.Background(), store.Act{Street: h.street.Code, Changes: changes}); err != nil {
		h.t.Fatal(err)
	}
	w.Touch(h.street.Code)
}

// Due items are handled once across replicas, in the order of their moments; a handler may
// set its item anew, and whoever moves or forgets one is heeded.
func TestDueItems(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := newHouse(t, s)
		var mu sync.Mutex
		var order []string
		h.items = []handlers.DueItem{{Kind: "deadline", Run: func(_ context.Context, it *handlers.Item) (handlers.Outcome, error) {
			mu.Lock()
			order = append(order, it.ID+" "+it.Due.In(zone).Format("15:04"))
			mu.Unlock()
			out := handlers.Outcome{Changes: []store.Change{store.Put(store.Records(doneTable), it.ID+it.Due.In(zone).Format(" 15:04"), store.Any, "")}}
			if it.ID == "again" && it.Due.Before(at("2020-02-13 12:00:00")) {
				out.Changes = append(out.Changes, store.DueAt("deadline", it.ID, it.Due.Add(time.Hour)))
			}
			return out, nil
		}}}
		replicas := []*Clockwork{h.clockwork(), h.clockwork()}
		w := replicas[0]
		h.remember(w,
			store.DueAt("deadline", "late", at("2020-02-13 10:30:00")), store.DueAt("deadline", "early", at("2020-02-13 10:00:00")),
			store.DueAt("deadline", "again", at("2020-02-13 11:00:00")), store.DueAt("deadline", "moved", at("2020-02-13 10:00:00")),
			store.DueAt("deadline", "dropped", at("2020-02-13 10:00:00")), store.DueAt("stranger", "x", at("2020-02-13 09:00:00")))
		h.remember(w, store.DueAt("deadline", "moved", at("2020-02-13 13:00:00")), store.DueDone("deadline", "dropped"))
		if next := h.run(w, at("2020-02-13 09:30:00")); !next.Equal(at("2020-02-13 10:00:00")) {
			t.Errorf("next at %s", next)
		}
		both(t, replicas, at("2020-02-13 11:30:00"))
		h.want("again 11:00", "early 10:00", "late 10:30")
		mu.Lock()
		slices.Sort(order[3:]) // what the slower replica tried as well
		if !slices.Equal(order[:2], []string{"early 10:00", "late 10:30"}) && !slices.Equal(order[:2], []string{"early 10:00", "early 10:00"}) {
			t.Errorf("handled in the order %q", order)
		}
		mu.Unlock()
		both(t, replicas, at("2020-02-13 12:00:00"))
		h.want("again 11:00", "again 12:00", "early 10:00", "late 10:30")
		both(t, replicas, at("2020-02-13 13:00:00"))
		h.want("again 11:00", "again 12:00", "early 10:00", "late 10:30", "moved 13:00")
		both(t, replicas, at("2020-02-13 09:00:00")) // back
		both(t, replicas, at("2020-02-14 13:00:00"))
		h.done()
	})
}

// Two replicas and many items, some of which are moved while they are being handled: each
// setting is handled at most once, and the last one of each exactly once.
func TestDueItemsUnderMoves(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := newHouse(t, s)
		table := store.Records("case")
		h.items = []handlers.DueItem{{Kind: "deadline", Run: func(ctx context.Context, it *handlers.Item) (handlers.Outcome, error) {
			b := it.Read()
			cell := b.Cell(table, it.ID)
			if err := b.Run(ctx); err != nil {
				return handlers.Outcome{}, err
			}
			return handlers.Outcome{
				Require: []store.Guard{{Table: table, Field: it.ID, Rev: cell.Rev}},
				Changes: []store.Change{store.Put(store.Records(doneTable), it.ID+" "+it.Due.In(zone).Format("15:04:05.000"), store.Any, "")},
			}, nil
		}}}
		replicas := []*Clockwork{h.clockwork(), h.clockwork()}
		begin := at("2020-02-13 10:00:00")
		last := map[string]time.Time{}
		for i := range 40 {
			id := fmt.Sprintf("c%02d", i)
			last[id] = begin.Add(time.Duration(i) * time.Second)
			h.remember(replicas[0], store.Put(table, id, 0, "1"), store.DueAt("deadline", id, last[id]))
		}
		for step := range 5 {
			now := begin.Add(time.Duration(step) * 10 * time.Second)
			var wg sync.WaitGroup
			wg.Go(func() { both(t, replicas, now) })
			for i := range 8 { // a secretary asks for more time, while it is being looked at
				id := fmt.Sprintf("c%02d", (step*8+i*5)%40)
				last[id] = last[id].Add(30 * time.Second)
				h.remember(replicas[i%2], store.Put(table, id, store.Any, "2"), store.DueAt("deadline", id, last[id]))
			}
			wg.Wait()
		}
		both(t, replicas, begin.Add(10*time.Minute))
		done := h.done()
		for id, when := range last {
			if want := id + " " + when.In(zone).Format("15:04:05.000"); !slices.Contains(done, want) {
				t.Errorf("%s was not handled", want)
			}
		}
	})
}

// A duty that fails stays due and holds up nothing else.
func TestFailureStaysDue(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.Mini(t).Open(t), duty(t, "bad", "0 9 * * *", config.LateOnce, 0), duty(t, "good", "0 9 * * *", config.LateOnce, 0))
	broken := true
	h.kinds[0].Run = func(ctx context.Context, m *handlers.Moment) (handlers.Outcome, error) {
		if broken {
			return handlers.Outcome{}, errors.New("no figures")
		}
		return h.note(ctx, m)
	}
	w := h.clockwork()
	h.run(w, at("2020-02-13 08:00:00"))
	if _, err := w.Run(context.Background(), at("2020-02-13 09:00:00")); err == nil || !strings.Contains(err.Error(), "p/bad: no figures") {
		t.Errorf("error %v", err)
	}
	h.want("good 2020-02-13 09:00")
	broken = false
	h.run(w, at("2020-02-13 09:00:01"))
	h.want("bad 2020-02-13 09:00", "good 2020-02-13 09:00")
}

// The jitter depends on the slot and the target alone, spreads, and spares what is urgent.
func TestJitter(t *testing.T) {
	t.Parallel()
	w := newHouse(t, storetest.Mini(t).Open(t)).clockwork(func(o *Options) { o.Jitter = 40 * time.Second })
	slot := at("2020-02-13 07:30:00")
	moments := map[time.Time]bool{}
	for i := range 20 {
		p := handlers.PushAt(handlers.ToChat(fmt.Sprintf("g%d", i)), handlers.Digest, handlers.Say("晨报"), slot)
		again := p
		w.spread(&p, slot, slot)
		w.spread(&again, slot, slot)
		if !p.NotBefore.Equal(again.NotBefore) || p.NotBefore.Before(slot) || !p.NotBefore.Before(slot.Add(40*time.Second)) {
			t.Errorf("target %d leaves at %s and %s", i, p.NotBefore, again.NotBefore)
		}
		moments[p.NotBefore] = true
	}
	if len(moments) < 15 {
		t.Errorf("20 targets leave at %d moments", len(moments))
	}
	urgent := handlers.PushAt(handlers.ToChat("g"), handlers.Emergency, handlers.Say("撤离"), slot)
	if w.spread(&urgent, slot, slot); !urgent.NotBefore.Equal(slot) {
		t.Error("an emergency was delayed")
	}
}

// A year nobody has written is said once, and only by who asks for workdays.
func TestUnknownYearIsLogged(t *testing.T) {
	t.Parallel()
	all := duty(t, "all", "0 9 * * *", config.LateOnce, 0)
	work := duty(t, "work", "0 9 * * *", config.LateOnce, 0)
	work.Days = config.DaysWork
	h := newHouse(t, storetest.Mini(t).Open(t), all, work)
	w := h.clockwork()
	for day := 13; day < 17; day++ { // Thursday to Sunday
		h.run(w, at(fmt.Sprintf("2020-02-%d 08:00:00", day)))
		h.run(w, at(fmt.Sprintf("2020-02-%d 09:00:00", day)))
	}
	h.want("all 2020-02-13 09:00", "all 2020-02-14 09:00", "all 2020-02-15 09:00", "all 2020-02-16 09:00", "work 2020-02-13 09:00", "work 2020-02-14 09:00")
	if n := strings.Count(h.log.String(), "no holidays known"); n != 1 {
		t.Errorf("said %d times", n)
	}
}

// Where nothing can be due, Redis is left alone; another replica's items are seen all the
// same within seconds of the house clock.
func TestLooksOnlyWhenItMust(t *testing.T) {
	t.Parallel()
	s := storetest.Mini(t).Open(t)
	h := newHouse(t, s, duty(t, "digest", "30 7 * * *", config.LateOnce, 0))
	w := h.clockwork()
	now := at("2020-02-13 08:00:00")
	h.run(w, now)
	before := storetest.Trips(t, s)
	for i := range 4 {
		h.run(w, now.Add(time.Duration(i)*time.Second))
	}
	if trips := storetest.Trips(t, s) - before; trips != 0 {
		t.Errorf("%d round trips for nothing", trips)
	}
	h.run(w, now.Add(relook))
	if trips := storetest.Trips(t, s) - before; trips == 0 {
		t.Error("never looks again")
	}
}

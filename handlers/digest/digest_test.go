package digest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/redis/go-redis/v9"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
	"juwei/store/storetest"
)

// world is a street with one pack, whose reports a test makes up.
type world struct {
	t      *testing.T
	server *storetest.Server
	store  *store.Store
	street *config.Street
	pack   *config.Pack
	filed  map[string][]handlers.Filed // by form and day
}

const today = config.Day("2020-02-14")

func newWorld(t *testing.T, units int) *world {
	t.Helper()
	w := &world{t: t, server: storetest.Mini(t), filed: map[string][]handlers.Filed{}}
	w.store = w.server.Open(t)
	w.pack = &config.Pack{Name: "p", Title: "专项", Duties: []*config.Duty{{Do: "digest", Chat: config.ChatLeaders}}}
	w.street = &config.Street{Code: storetest.Street(t), Name: "示范街道", Location: time.FixedZone("CST", 8*3600),
		Runs:   []config.Run{{Pack: w.pack, From: "2020-01-01"}},
		Chats:  []config.Chat{{Name: "领导群", Kind: config.ChatLeaders}, {Name: "值班群", Kind: config.ChatDutyDesk}},
		People: []config.Person{{UserID: "admin", Title: "管理员", Roles: []config.Role{config.RoleAdmin}}, {UserID: "zb", Title: "值班室", Roles: []config.Role{config.RoleDutyDesk}}},
	}
	for i := range units {
		w.street.Committees = append(w.street.Committees, config.Committee{Name: fmt.Sprintf("居民区%02d", i+1), Ordinal: i + 1})
	}
	half := w.names()[:units/2]
	w.street.Areas = []config.Area{{Name: "一片", Committees: half}, {Name: "二片", Committees: w.names()[units/2:]}}
	return w
}

func (w *world) names() []string {
	var out []string
	for _, c := range w.street.Committees {
		out = append(out, c.Name)
	}
	return out
}

// form adds a required daily form of plain counts.
func (w *world) form(name string, fields ...string) *config.Form {
	form := &config.Form{Name: name, Version: 1, Required: true, Every: config.EveryDay, Cutoffs: []config.Clock{17 * 60}, Cutoff: 17 * 60, Shifts: []string{""}}
	for _, f := range fields {
		form.Fields = append(form.Fields, &config.Field{Name: f, Item: f, Kind: config.KindInt, Max: 1 << 20, Class: "C0"})
	}
	w.pack.Forms = append(w.pack.Forms, form)
	return form
}

func (w *world) files(form string, day config.Day, unit string, values map[string]int) {
	key := form + "/" + string(day)
	w.filed[key] = append(w.filed[key], handlers.Filed{Unit: unit, Values: values})
}

func (w *world) tally(_ *store.Batch, form *config.Form, day config.Day) func() ([]handlers.Filed, error) {
	return func() ([]handlers.Filed, error) { return w.filed[form.Name+"/"+string(day)], nil }
}

func (w *world) moment(day config.Day) *handlers.Moment {
	at := w.street.At(day, 7*60+30)
	return &handlers.Moment{
		Desk: handlers.Desk{Street: w.street, Day: day, At: at, Dir: handlers.NewDirectory([]*config.Street{w.street}), Book: w.store},
		Pack: w.pack, Duty: w.pack.Duties[0], Slot: at,
	}
}

// morning runs the duty and commits what it decides; said is what went where.
func (w *world) morning(f *Family, day config.Day) (said map[string]string, out handlers.Outcome) {
	w.t.Helper()
	out, err := f.Morning(w.t.Context(), w.moment(day))
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.store.Commit(w.t.Context(), store.Act{Street: w.street.Code, Changes: out.Changes}); err != nil {
		w.t.Fatal(err)
	}
	said = map[string]string{}
	for _, p := range out.Pushes {
		parcel, err := handlers.OpenParcel(p.Body)
		if err != nil {
			w.t.Fatal(err)
		}
		said[p.To] += parcel.Content.Text
	}
	return said, out
}

func section(kind string, part func() (handlers.Part, error)) handlers.Section {
	return handlers.Section{Kind: kind, Read: func(handlers.SectionQuery) handlers.SectionPart { return part }}
}

// secret stands in every thing that a digest must not say.
const secret = "秘密"

// Whatever forms hold and families offer, nothing above C1 is said or kept, and the first
// message fits a screen and is whole.
func TestNothingAboveTheCeiling(t *testing.T) {
	t.Parallel()
	classes := []string{"C0", "C1", "C2", "C3", "C4", "", "X"}
	personal := []string{"6号1203", "188弄6号1203发热", "六号楼1203室", "13800138000", "联系138-0013-8000", "31010119900230123X"}
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 7))
		w := newWorld(t, 19+r.IntN(22))
		allowed := 0
		var offers []handlers.Section
		for i := range 1 + r.IntN(12) {
			name := fmt.Sprintf("表%d", i)
			form := w.form(name)
			s := config.Section{Title: fmt.Sprintf("段%d", i), Kind: config.SectionItems, Form: name, Change: r.IntN(2) == 0, ByUnit: r.IntN(2) == 0, Urgent: r.IntN(5) == 0}
			for j := range 1 + r.IntN(6) {
				x := &config.Field{Name: fmt.Sprintf("项%d", j), Kind: config.KindInt, Class: classes[r.IntN(len(classes))]}
				if !config.Ceiling(x.Class) {
					x.Name += secret
				}
				form.Fields, s.Fields = append(form.Fields, x), append(s.Fields, x.Name)
			}
			w.pack.Digest = append(w.pack.Digest, s)
			for _, u := range w.names() {
				for _, day := range []config.Day{today.Add(-1), today.Add(-2), today.Add(-8)} {
					if values := map[string]int{}; r.IntN(8) > 0 {
						for _, x := range form.Fields {
							values[x.Name] = r.IntN(1 << r.IntN(16))
						}
						w.files(name, day, u, values)
					}
				}
			}
		}
		for i := range r.IntN(8) {
			kind := fmt.Sprintf("kind%d", i)
			p := handlers.Part{Class: classes[r.IntN(len(classes))], Text: strings.Repeat("很长的话", r.IntN(60)), Figures: []handlers.Figure{{Label: "件", N: r.IntN(9), Of: r.IntN(20)}}}
			switch bad := r.IntN(3) == 0; {
			case !config.Ceiling(p.Class):
				p.Text += secret
				p.Decide = []string{secret}
			case bad:
				p.Text += secret + personal[r.IntN(len(personal))]
			default:
				p.Decide = slices.Repeat([]string{"等一个人点头的事"}, r.IntN(7))
				allowed++
			}
			offers = append(offers, section(kind, func() (handlers.Part, error) { return p, nil }))
			w.pack.Digest = append(w.pack.Digest, config.Section{Title: "别" + kind, Kind: kind, Change: true})
		}
		said, out := w.morning(New(w.tally, offers...), today)
		text := said["chat:领导群"]
		if text == "" {
			t.Fatalf("seed %d: nothing was said", seed)
		}
		for _, c := range out.Changes {
			if strings.Contains(fmt.Sprint(c), secret) {
				t.Fatalf("seed %d: kept: %v", seed, c)
			}
		}
		for to, text := range said {
			if strings.Contains(text, secret) {
				t.Fatalf("seed %d: %s hears: %s", seed, to, text)
			}
		}
		if n := utf8.RuneCountInString(text); n > screen {
			t.Fatalf("seed %d: %d characters: %s", seed, n, text)
		}
		if !strings.HasPrefix(text, "【晨报 2月14日】专项") {
			t.Fatalf("seed %d: %s", seed, text)
		}
		d := w.kept(today)
		if d.Full != "" && !strings.Contains(text, "/晨报 全") {
			t.Fatalf("seed %d: more there is, and the first message does not say so: %s", seed, text)
		}
		for _, page := range strings.Split(d.all(), "\n\n") {
			if n := utf8.RuneCountInString(page); n > screen {
				t.Fatalf("seed %d: a page of %d characters", seed, n)
			}
		}
		if allowed > 0 && !strings.Contains(d.all(), "别kind") {
			t.Fatalf("seed %d: what may be said was withheld: %s", seed, d.all())
		}
	}
}

func (w *world) kept(morning config.Day) said {
	w.t.Helper()
	b := w.store.Read(w.street.Code)
	cell := b.Cell(store.Digests(), field(w.pack, morning))
	if err := b.Run(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	d, err := openSaid(*cell)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// A part that breaks, in whatever way, costs itself and nothing else.
func TestABrokenPartIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	w.form("日报", "新返")
	for _, u := range w.names() {
		w.files("日报", today.Add(-1), u, map[string]int{"新返": 2})
	}
	table := store.Records("x")
	raw := redis.NewClient(&redis.Options{Addr: w.server.Addr()})
	defer raw.Close()
	if err := raw.HSet(t.Context(), "{"+w.street.Code+"}:"+table.String(), "f", "nonsense").Err(); err != nil {
		t.Fatal(err)
	}
	f := New(w.tally,
		section("error", func() (handlers.Part, error) { return handlers.Part{}, errors.New("no such thing") }),
		section("panic", func() (handlers.Part, error) { panic("oh") }),
		handlers.Section{Kind: "join", Read: func(handlers.SectionQuery) handlers.SectionPart { panic("oh") }},
		handlers.Section{Kind: "damaged", Read: func(q handlers.SectionQuery) handlers.SectionPart {
			q.Batch.Cell(table, "f")
			return func() (handlers.Part, error) { return handlers.Part{}, nil }
		}},
		section("good", func() (handlers.Part, error) {
			return handlers.Part{Class: "C1", Figures: []handlers.Figure{{Label: "开", N: 3, Of: 4}}}, nil
		}),
	)
	w.pack.Digest = []config.Section{{Title: "输入", Kind: config.SectionItems, Form: "日报", Fields: []string{"新返"}}}
	for _, kind := range []string{"error", "panic", "join", "damaged", "good", "absent"} {
		w.pack.Digest = append(w.pack.Digest, config.Section{Title: kind, Kind: kind})
	}
	said, _ := w.morning(f, today)
	want := "【晨报 2月14日】专项\n2月13日日报4/4\n输入：新返8"
	for _, kind := range []string{"error", "panic", "join", "damaged"} {
		want += "\n" + kind + "：没做出来，管理员已经知道"
	}
	if want += "\ngood：开3/4"; said["chat:领导群"] != want {
		t.Errorf("said\n%s\nwant\n%s", said["chat:领导群"], want)
	}
	for _, why := range []string{"error：no such thing", "panic：panic: oh", "damaged："} {
		if !strings.Contains(said["user:admin"], why) {
			t.Errorf("the administrator hears %q, not %q", said["user:admin"], why)
		}
	}
	// Redis away is no broken part: the duty waits and runs again.
	up := storetest.Down(t, w.store)
	if _, err := f.Morning(t.Context(), w.moment(today)); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("with Redis away: %v", err)
	}
	up()
}

// Where nothing at all can be made, the leaders and the duty desk hear that.
func TestNoDigestIsNeverSilent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	w.form("日报", "新返")
	w.pack.Digest = []config.Section{{Title: "输入", Kind: config.SectionItems, Form: "日报", Fields: []string{"新返"}}}
	f := New(func(*store.Batch, *config.Form, config.Day) func() ([]handlers.Filed, error) {
		return func() ([]handlers.Filed, error) { return nil, errors.New("bad") }
	})
	said, out := w.morning(f, today)
	for _, to := range []string{"chat:领导群", "chat:值班群", "user:zb", "user:admin"} {
		if !strings.Contains(said[to], "没") {
			t.Errorf("%s hears %q", to, said[to])
		}
	}
	if len(out.Changes) != 0 {
		t.Error("a digest that was not made is kept")
	}
}

// However many sections and units there are, a morning is the same few round trips.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	var before int
	for i, sections := range []int{1, 30} {
		w := newWorld(t, 10+20*i)
		var offers []handlers.Section
		for n := range sections {
			name := fmt.Sprintf("表%d", n)
			w.form(name, "甲", "乙")
			w.pack.Digest = append(w.pack.Digest, config.Section{Title: name, Kind: config.SectionItems, Form: name, Fields: []string{"甲"}, Change: true},
				config.Section{Title: "别" + name, Kind: name})
			offers = append(offers, handlers.Section{Kind: name, Read: func(q handlers.SectionQuery) handlers.SectionPart {
				q.Batch.All(store.Records(name))
				return func() (handlers.Part, error) { return handlers.Part{}, nil }
			}})
		}
		f := New(func(b *store.Batch, form *config.Form, day config.Day) func() ([]handlers.Filed, error) {
			b.All(store.Reports(form.Name, string(day)))
			return w.tally(b, form, day)
		}, offers...)
		start := storetest.Trips(t, w.store)
		if _, err := f.Morning(t.Context(), w.moment(today)); err != nil {
			t.Fatal(err)
		}
		trips := storetest.Trips(t, w.store) - start
		if i > 0 && trips != before {
			t.Errorf("%d round trips for %d sections, %d for 1", trips, sections, before)
		}
		before = trips
	}
}

// A correction that comes after the digest stands in the next one, also when that is days
// later; and what was said stays as it was.
func TestErrataAcrossDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.form("日报", "新返")
	w.pack.Digest = []config.Section{{Title: "输入", Kind: config.SectionItems, Form: "日报", Fields: []string{"新返"}, Change: true}}
	f := New(w.tally)
	first := today
	w.files("日报", first.Add(-1), "居民区01", map[string]int{"新返": 5})
	said, _ := w.morning(f, first)
	then := said["chat:领导群"]
	w.filed["日报/"+string(first.Add(-1))][0].Values["新返"] = 7
	w.files("日报", first.Add(-1), "居民区02", map[string]int{"新返": 1})
	for _, u := range w.names() {
		w.files("日报", first.Add(2), u, map[string]int{"新返": 1})
	}
	said, _ = w.morning(f, first.Add(3)) // the mornings between had no digest: a holiday
	if want := "更正2月13日：日报1/2→2/2 新返5→8"; !strings.Contains(said["chat:领导群"], want) {
		t.Errorf("no errata: %s", said["chat:领导群"])
	}
	if got := w.kept(first).Text; got != then {
		t.Errorf("what was said has changed: %s", got)
	}
}

// Figures of other families are compared with what was said, not with what is read.
func TestFiguresOfOthersChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.pack.Digest = []config.Section{{Title: "问题", Kind: "cases", Change: true}}
	n := 0
	f := New(w.tally, section("cases", func() (handlers.Part, error) {
		return handlers.Part{Class: "C1", Figures: []handlers.Figure{{Label: "在办", N: n}}, Decide: slices.Repeat([]string{"W25过期两天"}, n/9)}, nil
	}))
	var said map[string]string
	for day, open := range []int{4, 4, 5, 6, 6, 6, 7, 9} {
		n = open
		said, _ = w.morning(f, today.Add(day))
	}
	if want := "等您定：W25过期两天\n问题：在办9(+2/+5)\n（括号里是比前一天/比7天前）"; !strings.HasSuffix(said["chat:领导群"], want) {
		t.Errorf("said %s", said["chat:领导群"])
	}
	n = 4
	w2 := newWorld(t, 2)
	w2.pack.Digest = w.pack.Digest
	w2.morning(f, today)
	said, _ = w2.morning(f, today.Add(1))
	if !strings.Contains(said["chat:领导群"], "昨天没有变化") {
		t.Errorf("a quiet day says %s", said["chat:领导群"])
	}
}

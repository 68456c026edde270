package digest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

var weekly = kind{name: "周报", days: 7}

// weekField is where a week's report lies among the digests, by the morning it was said.
func weekField(p *config.Pack, morning config.Day) string { return field(p, morning) + "/周" }

// Week composes the report of the seven days before its slot and says it to the leaders,
// with its picture behind it.
func (f *Family) Week(ctx context.Context, m *handlers.Moment) (handlers.Outcome, error) {
	last := m.Day.Add(-1)
	var d said
	var lost []loss
	err := careful(func() (err error) {
		d, lost, err = f.week(ctx, &m.Desk, m.Pack, last)
		return err
	})
	if silent(ctx, err) {
		return handlers.Outcome{}, err
	}
	if err != nil {
		return f.failed(m, weekly.name, err), nil
	}
	out, err := keep(weekly.name, weekField(m.Pack, m.Day), d)
	if err != nil {
		return out, err
	}
	items := trendItems(m.Pack, last)
	for _, chat := range m.Dir.ChatsOf(m.Street, m.Duty.Chat) {
		to := handlers.ToChat(chat.Name)
		out.Pushes = append(out.Pushes, handlers.PushAt(to, handlers.Digest, handlers.Say(d.Text), m.At))
		if f.Draw != nil && len(items) > 0 {
			args := trendArgs(m.Pack, items, last.Add(-6), last, "")
			out.Pushes = append(out.Pushes, handlers.PushRecipe(to, handlers.Digest, recipeTrend, args, m.At))
		}
	}
	out.Pushes = append(out.Pushes, f.report(m, weekly.name, lost)...)
	return out, nil
}

// spell is a form's reports of two weeks, day by day, the newest first. A weekly form has
// two days in it: its last two periods.
type spell struct {
	form *config.Form
	days [][]handlers.Filed // len is twice the week's
	errs []*ask
}

func (s *spell) half() int { return len(s.days) / 2 }

func (s *spell) err() error {
	for _, a := range s.errs {
		if a.err != nil {
			return a.err
		}
	}
	return nil
}

// filed counts the week's reports.
func (s *spell) filed() int {
	n := 0
	for _, day := range s.days[:s.half()] {
		n += len(day)
	}
	return n
}

// figure is what a field comes to over the week: a flow is added up, a stock is what each
// unit said last. The change is over the units present on the same day of both weeks.
func (s *spell) figure(x *config.Field) (n, diff, base int) {
	seen := map[string]bool{}
	for i, day := range s.days[:s.half()] {
		for _, r := range day {
			if x.Stock && seen[r.Unit] {
				continue
			}
			seen[r.Unit] = true
			n += r.Values[x.Name]
		}
		if x.Stock && i > 0 {
			continue
		}
		for _, pair := range both(day, s.days[s.half()+i]) {
			diff += pair[0].Values[x.Name] - pair[1].Values[x.Name]
			base++
		}
	}
	return n, diff, base
}

// week writes the report of the week that ends with a day.
func (f *Family) week(ctx context.Context, d *handlers.Desk, p *config.Pack, last config.Day) (said, []loss, error) {
	if !slices.Contains(d.Street.Active(last), p) {
		return said{}, nil, handlers.ErrNothing
	}
	var asks []*ask
	var spells []*spell
	for _, form := range spoken(p, last) {
		s := &spell{form: form, days: make([][]handlers.Filed, 2*weekly.days)}
		on := func(i int) config.Day { return last.Add(-i) }
		if form.Every == config.EveryWeek {
			s.days = make([][]handlers.Filed, 2)
			on = func(i int) config.Day { return []config.Day{last, form.Prior(last)}[i] }
		}
		for i := range s.days {
			a := f.read(&counted{form: form}, &s.days[i], on(i))
			asks, s.errs = append(asks, a), append(s.errs, a)
		}
		spells = append(spells, s)
	}
	sc := whole(d)
	fs := &facts{pack: p, day: last, last: map[config.Day]said{}}
	pg := &page{scope: sc, facts: fs, kind: weekly, totals: map[string]map[string]int{}, filed: map[string]int{}, parts: map[string]map[string]int{}}
	offered := make([]part, len(p.Digest))
	var sections []*ask
	for i, s := range p.Digest {
		var a *ask
		if family, ok := f.sections[s.Kind]; ok {
			a = partOf(d, family, p, s.Of, last, weekly.days, sc, &offered[i])
			asks = append(asks, a)
		}
		sections = append(sections, a)
	}
	before := &ask{join: func(b *store.Batch) func() error {
		cell := b.Cell(store.Digests(), weekField(p, last.Add(1-weekly.days)))
		return func() (err error) {
			fs.last[last.Add(1-weekly.days)], err = openSaid(*cell)
			return err
		}
	}}
	if err := readAll(ctx, d, append(asks, before)); err != nil {
		return said{}, nil, fmt.Errorf("read reports up to %s: %w", last, err)
	}
	w := words{}
	var heads []string
	for _, s := range spells {
		switch {
		case s.err() != nil:
			pg.lost = append(pg.lost, loss{s.form.Name, s.err()})
		case s.form.Required && s.form.Every != config.EveryEvent:
			heads = append(heads, fmt.Sprintf("%s%d/%d", s.form.Name, s.filed(), sc.base*s.half()))
		}
	}
	for i, s := range p.Digest {
		var l line
		var ok bool
		if sections[i] != nil {
			offered[i].err = sections[i].err
			l, ok = pg.offered(s, f, offered[i])
		} else {
			l, ok = weekItems(s, spells)
		}
		switch {
		case ok && l.urgent:
			w.first = append(w.first, "⚠"+l.text)
		case ok:
			w.rest = append(w.rest, l.text)
		}
	}
	w.head = []string{
		fmt.Sprintf("【周报 %s】%s", last.Add(1).Label(), p.Title),
		fmt.Sprintf("%s–%s %s", last.Add(1-weekly.days).Label(), last.Label(), strings.Join(heads, "；")),
	}
	w.first = append(pg.decisions(), w.first...)
	if len(w.first)+len(w.rest) == 0 {
		w.rest = []string{"这一周没有变化，没有要说的。"}
	} else if strings.Contains(strings.Join(slices.Concat(w.first, w.rest), ""), "(") {
		w.tail = []string{"（括号里是比上一周，只算两周同一天都报的）"}
	}
	return said{saying: fit(w, "/周报 全"), Day: last, Figures: pg.parts}, pg.lost, nil
}

// weekItems is a section of the week: 隐患：飞线12(+3) 楼道堆物40(−8).
func weekItems(s config.Section, spells []*spell) (line, bool) {
	i := slices.IndexFunc(spells, func(sp *spell) bool { return sp.form.Name == s.Form })
	if i < 0 {
		return line{}, false
	}
	sp := spells[i]
	switch {
	case sp.err() != nil:
		return line{text: s.Title + "：没读出来"}, true
	case sp.filed() == 0:
		return line{}, false
	}
	out := line{}
	sums := map[string]int{}
	for _, x := range sp.form.Fields {
		if x.Stored() && x.Sums() {
			sums[x.Name], _, _ = sp.figure(x)
		}
	}
	get := sp.form.Get(func(name string) (int, bool) { n, ok := sums[name]; return n, ok })
	var parts []string
	for _, name := range s.Fields {
		x := sp.form.Field(name)
		if x == nil || !may(x) {
			continue
		}
		n, ok := get(name)
		if !ok {
			continue
		}
		said := name + x.Format(n)
		if name == s.Title {
			said = x.Format(n)
		}
		if x.Stored() {
			if _, diff, base := sp.figure(x); base > 0 {
				said += "(" + signed(x, diff) + ")"
			}
		}
		out.urgent = out.urgent || s.Urgent && n > 0
		parts = append(parts, said)
	}
	if len(parts) == 0 {
		return line{}, false
	}
	out.text = s.Title + "：" + strings.Join(parts, " ")
	return out, true
}

// askWeek is /周报: the last one as it was said, that of a date, or the seven days up to
// yesterday where none was said.
func (f *Family) askWeek(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	a := parse(&c.Desk, c.Rest)
	if !c.Private() && c.Chat.Kind != config.ChatLeaders {
		return handlers.Outcome{}, handlers.Refuse("周报只在领导群和私聊里看。", "请私聊我发：周报")
	}
	day := c.Day
	if a.rest != "" {
		at, _, ok := syntax.Date(a.rest, c.Day.Time(c.Street.Location))
		if !ok {
			return handlers.Outcome{}, handlers.Refuse("没看懂是哪一周。", "例：/周报 2.17")
		}
		day = c.Street.Day(at)
	}
	packs := spokenOn(c.Street, day, "weekly")
	if len(packs) == 0 {
		packs = spokenOn(c.Street, day, "digest")
	}
	b := c.Read()
	cells := make([]*[]store.Cell, len(packs))
	for i, p := range packs {
		var fields []string
		for n := range weekly.days {
			fields = append(fields, weekField(p, day.Add(-n)))
		}
		cells[i] = b.Cells(store.Digests(), fields...)
	}
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read week: %w", err)
	}
	var texts []string
	for i, p := range packs {
		k := slices.IndexFunc(*cells[i], func(cell store.Cell) bool { return cell.Rev != 0 })
		var d said
		var err error
		note := ""
		switch {
		case k >= 0:
			d, err = openSaid((*cells[i])[k])
		case day == c.Day:
			d, _, err = f.week(ctx, &c.Desk, p, day.Add(-1))
			note = "\n（预览，没有正式发过）"
		default:
			continue
		}
		if errors.Is(err, handlers.ErrNothing) {
			continue
		}
		if err != nil {
			return handlers.Outcome{}, err
		}
		if a.full {
			texts = append(texts, d.all())
		} else {
			texts = append(texts, d.Text+note)
		}
	}
	if len(texts) == 0 {
		return handlers.Outcome{}, handlers.Refusef("", "%s那一周没有周报。", day.Label())
	}
	return handlers.Answer(strings.Join(texts, "\n\n")), nil
}

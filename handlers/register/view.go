package register

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// look is a command that only looks at a register.
func (f *Family) look(ctx context.Context, c *handlers.Call, p *config.Pack, v *config.View) (handlers.Outcome, error) {
	var books []*book
	for _, name := range v.Registers {
		books = append(books, f.shelf.of(p, p.Register(name)))
	}
	switch v.Kind {
	case config.ViewEntry:
		return f.entry(ctx, c, books[0], v)
	case config.ViewCounts:
		return f.colours(ctx, c, books[0], v)
	case config.ViewDue:
		return f.dues(ctx, c, books, v)
	case config.ViewForecast:
		return f.forecast(ctx, c, books[0], v)
	case config.ViewText:
		return handlers.Answer(v.Say), nil
	case config.ViewShare:
		return f.share(ctx, c, p, v)
	}
	return f.entries(ctx, c, books[0], v)
}

// entry is /户 6-1203: where it stands, what is known, what happened. Who looked is in the
// audit.
func (f *Family) entry(ctx context.Context, c *handlers.Call, b *book, v *config.View) (handlers.Outcome, error) {
	units, purpose, err := b.sighted(ctx, c)
	if err != nil {
		return handlers.Outcome{}, err
	}
	to, _, err := b.find(c, units, c.Rest, v.Example)
	if err != nil {
		return handlers.Outcome{}, err
	}
	e, err := b.load(ctx, &c.Desk, to.Key, to.Unit)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if e.rev == 0 {
		return handlers.Outcome{}, handlers.Refusef("要登记，发：帮助", "%s在%s里没有记录。", to.Name, b.Title)
	}
	past, err := b.history(ctx, &c.Desk, e)
	if err != nil {
		return handlers.Outcome{}, err
	}
	lines := b.describe(&c.Desk, e, to)
	for _, x := range past {
		lines = append(lines, b.event(&c.Desk, x))
	}
	return f.private(c, b, b.touch(purpose, e), strings.Join(lines, "\n"), to.Masked+" 看好了，明细已私信您。"), nil
}

// private answers with what not everybody may hear: 1:1 in full, in a group in private. The
// read is audited.
func (f *Family) private(c *handlers.Call, b *book, touched []handlers.Touch, full, short string) handlers.Outcome {
	out := handlers.Answer(full)
	if !b.Sealed() {
		return out
	}
	out.Touches, out.Sealed = touched, b.pack.Name
	if !c.Private() {
		out.Reply = handlers.Say(short)
		out.Pushes = []store.Push{c.PrivateHalf(full, b.pack)}
	}
	return out
}

// describe says where an entry stands and what is known of it.
func (b *book) describe(d *handlers.Desk, e *Entry, to target) []string {
	g := b.figures(d, e, nil, to)
	head := to.Name
	if e.State != "" {
		head += " " + b.called(e.State) + "，" + day(d.Street, e.Since).Label() + "起"
	}
	if e.Gone != "" {
		head += "，已移交" + e.Gone
	}
	lines := []string{head}
	var parts []string
	for _, x := range b.Fields {
		if b.followedField(x.Name) {
			continue
		}
		if text, ok := g.written(e, x); ok {
			parts = append(parts, x.Name+text)
		}
	}
	if len(parts) > 0 {
		lines = append(lines, strings.Join(parts, " "))
	}
	for _, fw := range b.Follows {
		r, going := e.Round[fw.Name]
		if !going || !b.runs(g, fw) {
			continue
		}
		n, _ := g.dayOfFollow()
		var today []string
		for i, s := range fw.Slots {
			switch mark := r.Marks[markKey(d.Day, i)]; {
			case mark != "":
				today = append(today, s.Name+mark)
			case d.Street.At(d.Day, s.By).Before(d.At) && time.Unix(r.From, 0).Before(d.Street.At(d.Day, s.By)):
				today = append(today, s.Name+"没测（过了"+s.By.String()+"）")
			default:
				today = append(today, s.Name+"等着")
			}
		}
		lines = append(lines, fmt.Sprintf("%s第%s天：%s", fw.Name, n, strings.Join(today, " ")))
	}
	for _, h := range b.list(d, []*Entry{e}, e.Unit) {
		if len(h.entries) > 0 && !slices.ContainsFunc(b.Follows, func(w *config.Follow) bool { return strings.HasSuffix(h.title, "没"+w.Name) }) {
			lines = append(lines, "要办："+h.title)
		}
	}
	return lines
}

func (b *book) followedField(name string) bool {
	return slices.ContainsFunc(b.Follows, func(w *config.Follow) bool { return w.Field == name })
}

// shownEvents is how much of an entry's history one answer holds.
const shownEvents = 6

// history is what happened to an entry, the newest first, also before it was handed over.
func (b *book) history(ctx context.Context, d *handlers.Desk, e *Entry) ([]Event, error) {
	out := []Event{e.Last}
	for range 3 {
		var fields []string
		for rev := e.rev - 1; rev > 0 && len(fields) < shownEvents; rev-- {
			fields = append(fields, fmt.Sprintf("%s#%d", e.field, rev))
		}
		r := d.Read()
		cells := r.Cells(b.past(), fields...)
		var before *store.Cell
		if e.From != "" {
			before = r.Cell(b.entries(), e.From)
		}
		if err := r.Run(ctx); err != nil {
			return nil, fmt.Errorf("read history: %w", err)
		}
		for i, cell := range *cells {
			old, err := decode(fields[i], cell)
			if err != nil {
				return nil, err
			}
			if old != nil {
				out = append(out, old.Last)
			}
		}
		if before == nil || len(out) >= shownEvents {
			break
		}
		prev, err := decode(e.From, *before)
		if err != nil || prev == nil {
			return out, err
		}
		out = append(out, prev.Last)
		e = prev
	}
	return out[:min(len(out), shownEvents)], nil
}

// event is one line of a history.
func (b *book) event(d *handlers.Desk, x Event) string {
	s := fmt.Sprintf("%s %s %s", clock(d, x.At), who(d, x.By), x.Act)
	if len(x.What) > 0 {
		s += "：" + strings.Join(x.What, " ")
	}
	if x.Why != "" {
		s += "（" + x.Why + "）"
	}
	return s
}

// colours is /色 图: how many entries stand in each state, by building 1:1, by committee for
// who looks after several. In a group only the street's totals are said.
func (f *Family) colours(ctx context.Context, c *handlers.Call, b *book, v *config.View) (handlers.Outcome, error) {
	all, err := b.everything(ctx, &c.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	all = slices.DeleteFunc(all, func(e *Entry) bool { return e.Gone != "" })
	if len(b.States) == 0 {
		return handlers.Answer(b.standing(c, all)), nil
	}
	if !c.Private() {
		if !v.Groups {
			return handlers.Outcome{}, handlers.Refusef("请私聊我发："+v.Example, "“%s”只在私聊里看。", v.Name)
		}
		return handlers.Answer("全街道 " + b.states(all, true)), nil
	}
	units := b.reach(&c.Desk, c.Person)
	if len(units) == 0 || c.Person.Has(config.RoleLeader, config.RoleParty, config.RoleDutyDesk) { // counts by committee, no household
		units = c.Dir.Units(c.Street)
	}
	// The first row is the sum of the others.
	type row struct {
		name    string
		entries []*Entry
	}
	rows := []row{{name: "合计"}}
	if len(units) == 1 {
		rows[0].name = units[0].Name
	}
	at := map[string]int{}
	for _, u := range units {
		for _, e := range all {
			if e.Unit != u.Name {
				continue
			}
			name := u.Name
			if len(units) == 1 {
				name = b.building(e)
			}
			if at[name] == 0 {
				at[name] = len(rows)
				rows = append(rows, row{name: name})
			}
			rows[at[name]].entries = append(rows[at[name]].entries, e)
			rows[0].entries = append(rows[0].entries, e)
		}
	}
	var lines []string
	grid := handlers.Grid{Title: strings.TrimSpace(rows[0].name + " " + b.Title), Note: fmt.Sprintf("%s，共%d户，只有数，没有户号", c.At.In(c.Street.Location).Format("1月2日 15:04"), len(rows[0].entries))}
	for i, r := range rows {
		lines = append(lines, r.name+" "+b.states(r.entries, i == 0))
		if i > 0 {
			grid.Rows = append(grid.Rows, handlers.GridRow{Name: r.name, Counts: b.counts(r.entries)})
		}
	}
	if len(lines) > 24 {
		lines = append(lines[:24], "……")
	}
	out := handlers.Answer(strings.Join(lines, "\n"))
	if f.Draw != nil && len(grid.Rows) > 1 { // one row says no more as a picture
		out.Pushes = append(out.Pushes, b.picture(c, grid))
	}
	return out, nil
}

// building is the row an entry belongs to: 6号, with its compound where that has a name of
// its own.
func (b *book) building(e *Entry) string {
	compound, code, ok := strings.Cut(e.Key, "/")
	if !ok {
		return e.Key
	}
	n, _, _ := strings.Cut(code, "-")
	return compound + n + "号"
}

// counts counts entries by state, in the order of the states.
func (b *book) counts(list []*Entry) []int {
	out := make([]int, len(b.States))
	for _, e := range list {
		if i := slices.IndexFunc(b.States, func(s *config.State) bool { return s.Name == e.State }); i >= 0 {
			out[i]++
		}
	}
	return out
}

// states says how many entries stand in each state: 红0 橙1 黄37. Without whole, what is 0
// is left out.
func (b *book) states(list []*Entry, whole bool) string {
	var parts []string
	for i, n := range b.counts(list) {
		if n > 0 || whole {
			parts = append(parts, b.States[i].Name+thousands(n))
		}
	}
	return strings.Join(parts, " ")
}

// dues is /销: what is due today, of the caller's committees.
func (f *Family) dues(ctx context.Context, c *handlers.Call, books []*book, v *config.View) (handlers.Outcome, error) {
	var lines []string
	var touched []handlers.Touch
	for _, b := range books {
		all, err := b.everything(ctx, &c.Desk)
		if err != nil {
			return handlers.Outcome{}, err
		}
		units, purpose, err := b.sighted(ctx, c)
		if err != nil {
			return handlers.Outcome{}, err
		}
		for _, u := range units {
			list := b.list(&c.Desk, all, u.Name)
			if len(list) == 0 {
				continue
			}
			if len(units) > 1 { // who looks after several sees how many, and asks for one
				var parts []string
				for _, h := range list {
					parts = append(parts, fmt.Sprintf("%s%d", h.title, len(h.entries)))
				}
				lines = append(lines, u.Name+"："+strings.Join(parts, " "))
				continue
			}
			for _, h := range list {
				lines = append(lines, h.text(func(e *Entry) string { return b.nameFor(&c.Desk, c.Person.UserID, e) }))
				touched = append(touched, b.touch(purpose, h.entries...)...)
			}
		}
	}
	if len(lines) == 0 {
		return handlers.Answer("今天没有要办的。"), nil
	}
	return f.private(c, books[0], touched, strings.Join(lines, "\n"), "清单已私信您。"), nil
}

// entries lists the entries of the caller's committees, one line each.
func (f *Family) entries(ctx context.Context, c *handlers.Call, b *book, v *config.View) (handlers.Outcome, error) {
	all, err := b.everything(ctx, &c.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	units, purpose, err := b.sighted(ctx, c)
	if err != nil {
		return handlers.Outcome{}, err
	}
	var lines []string
	var shown []*Entry
	for _, e := range all {
		if e.Gone != "" || len(v.In) > 0 && !slices.Contains(v.In, e.State) || !slices.ContainsFunc(units, func(u config.Committee) bool { return u.Name == e.Unit }) {
			continue
		}
		g := b.figures(&c.Desk, e, nil, b.shown(e))
		line := strings.Join(b.describe(&c.Desk, e, g.to)[:1], "")
		if v.Line != "" {
			line = g.say(v.Line)
		}
		lines, shown = append(lines, line), append(shown, e)
	}
	if len(lines) == 0 {
		return handlers.Answer(b.Title + "里还没有记录。"), nil
	}
	more := ""
	if len(lines) > 20 {
		lines, more, shown = lines[:20], fmt.Sprintf("\n……共%d条", len(lines)), shown[:20]
	}
	return f.private(c, b, b.touch(purpose, shown...), strings.Join(lines, "\n")+more, "明细已私信您。"), nil
}

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

// recipeTrend draws a run of days when its turn to be sent has come.
const recipeTrend = "digest.trend"

const (
	mostLines = 4  // of a picture
	mostDays  = 31 //
)

// shown is a field that can be drawn, and its form.
type shown struct {
	form  *config.Form
	field *config.Field
}

// key names it in a recipe.
func (s shown) key() string { return s.form.Name + "." + s.field.Name }

// drawable are the fields of a pack that can be drawn on a day.
func drawable(p *config.Pack, day config.Day) []shown {
	var out []shown
	for _, form := range p.On(day) {
		for _, x := range form.Fields {
			if may(x) && (x.Sums() || !x.Asked()) {
				out = append(out, shown{form, x})
			}
		}
	}
	return out
}

// trendItems are what a pack's picture shows unasked: what its sections name, or the first
// section that says a change.
func trendItems(p *config.Pack, day config.Day) []shown {
	all := drawable(p, day)
	var out []shown
	take := func(form string, names []string) {
		for _, name := range names {
			i := slices.IndexFunc(all, func(x shown) bool { return x.form.Name == form && x.field.Name == name })
			if i >= 0 && len(out) < mostLines {
				out = append(out, all[i])
			}
		}
	}
	for _, s := range p.Digest {
		take(s.Form, s.Trend)
	}
	for _, s := range p.Digest {
		if len(out) == 0 && s.Change {
			take(s.Form, s.Fields)
		}
	}
	if len(out) == 0 {
		out = all[:min(len(all), 2)]
	}
	return out
}

// askTrend is /图: 新返, 新返 在隔 近14天, 新返 梅园. In a group the picture is the street's
// and stands there for all; in private it goes to the asker.
func (f *Family) askTrend(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	a := parse(&c.Desk, c.Rest)
	if a.scope != nil {
		if !c.Private() {
			return handlers.Outcome{}, handlers.Refuse("群里只画全街道的。", "片区和居民区的，请私聊我")
		}
		if !c.Person.Has(config.RoleOffice, config.RoleParty) {
			if _, err := reach(c, a, "走势图"); err != nil {
				return handlers.Outcome{}, err
			}
		}
	}
	pack, items, days, err := f.picture(c, a.rest)
	if err != nil {
		return handlers.Outcome{}, err
	}
	last := c.Day
	form := items[0].form
	if period := form.PeriodOf(c.Street, c.Day, 24*60); c.At.Before(form.Closing(c.Street, period)) {
		last = last.Add(-1) // today is not over for it
	}
	unit := ""
	if a.scope != nil {
		unit = a.scope.name
	}
	to, where := handlers.ToPerson(c.Person.UserID), "在应用里发给您"
	if !c.Private() && c.Chat.Webhook != "" {
		to, where = handlers.ToChat(c.Chat.Name), "发到群里"
	}
	out := handlers.Answer("图做好了，马上" + where + "。")
	out.Pushes = []store.Push{handlers.PushRecipe(to, handlers.Reply, recipeTrend, trendArgs(pack, items, last.Add(1-days), last, unit), c.At)}
	out.Audit = handlers.Audit{Record: "图/" + string(last)}
	return out, nil
}

// picture reads which items and how many days a line asks for.
func (f *Family) picture(c *handlers.Call, text string) (*config.Pack, []shown, int, error) {
	days := 7
	var pack *config.Pack
	var items []shown
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimLeft(text, " ,:、和的") {
		if n, rest, ok := lately(text); ok {
			if n < 2 || n > mostDays {
				return nil, nil, 0, handlers.Refusef("例：/图 近14天", "一张图画2到%d天。", mostDays)
			}
			days, text = n, rest
			continue
		}
		p, item, rest, ok := longest(c, text)
		if !ok {
			word, _, _ := strings.Cut(text, " ")
			if len(c.Packs()) == 0 {
				return nil, nil, 0, handlers.Refuse("今天没有在用的专项，没有数可画。", "")
			}
			return nil, nil, 0, handlers.Refusef(menu(c), "没有“%s”可画。", handlers.Quote(word))
		}
		if len(items) > 0 && p != pack {
			return nil, nil, 0, handlers.Refuse("一张图只画一个专项的数。", "请分两次发")
		}
		pack, text = p, rest
		if items = append(items, item); len(items) > mostLines {
			return nil, nil, 0, handlers.Refusef("请分两次发", "一张图最多画%d样。", mostLines)
		}
	}
	if len(items) == 0 {
		for _, p := range c.Packs() {
			if items = trendItems(p, c.Day); len(items) > 0 {
				return p, items, days, nil
			}
		}
		return nil, nil, 0, handlers.Refuse("今天没有在用的专项，没有数可画。", "")
	}
	return pack, items, days, nil
}

// longest finds the item a text begins with, by the longest of its names; what committees
// report goes before what their sites do.
func longest(c *handlers.Call, text string) (pack *config.Pack, item shown, rest string, ok bool) {
	best := 0
	for _, p := range c.Packs() {
		for _, x := range drawable(p, c.Day) {
			for _, w := range append([]string{x.field.Name, x.field.Item}, x.field.Aliases...) {
				w = syntax.Normalise(w)
				if w != "" && strings.HasPrefix(text, w) && len(w) > best {
					pack, item, rest, best = p, x, text[len(w):], len(w)
				}
			}
		}
	}
	return pack, item, rest, best > 0
}

func menu(c *handlers.Call) string {
	var names []string
	for _, p := range c.Packs() {
		for _, x := range drawable(p, c.Day) {
			if len(names) < 8 && !slices.Contains(names, x.field.Name) {
				names = append(names, x.field.Name)
			}
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "可以画：" + strings.Join(names, "、")
}

// lately reads 近14天 at the beginning of a text.
func lately(text string) (n int, rest string, ok bool) {
	for _, word := range []string{"最近", "近", "这", "过去"} {
		after, found := strings.CutPrefix(text, word)
		if !found {
			continue
		}
		number, rest, found := strings.Cut(after, "天")
		if n, ok = syntax.Integer(strings.TrimSpace(number)); found && ok {
			return n, rest, true
		}
	}
	return 0, "", false
}

func trendArgs(p *config.Pack, items []shown, first, last config.Day, unit string) map[string]string {
	var keys []string
	for _, x := range items {
		keys = append(keys, x.key())
	}
	return map[string]string{"pack": p.Name, "items": strings.Join(keys, "\n"), "first": string(first), "last": string(last), "unit": unit}
}

// renderTrend draws the picture with what is there when it is sent.
func (f *Family) renderTrend(ctx context.Context, s *handlers.Serving) (handlers.Content, error) {
	first, err := config.ParseDay(s.Args["first"])
	if err != nil {
		return handlers.Content{}, fmt.Errorf("recipe: %w", err)
	}
	last, err := config.ParseDay(s.Args["last"])
	if err != nil {
		return handlers.Content{}, fmt.Errorf("recipe: %w", err)
	}
	sc := whole(&s.Desk)
	if unit := s.Args["unit"]; unit != "" {
		a := parse(&s.Desk, unit)
		if a.scope == nil {
			return handlers.Content{}, &handlers.Moot{Why: "没有这个居民区了"}
		}
		sc = *a.scope
	}
	var days []config.Day
	for day := first; day <= last && len(days) < mostDays; day = day.Add(1) {
		days = append(days, day)
	}
	var pack *config.Pack
	for _, run := range s.Street.Runs {
		if run.Pack.Name == s.Args["pack"] {
			pack = run.Pack
		}
	}
	if pack == nil || len(days) == 0 {
		return handlers.Content{}, &handlers.Moot{Why: "这个专项已不在用"}
	}
	t, err := f.trend(ctx, &s.Desk, pack, strings.Split(s.Args["items"], "\n"), days, sc)
	if err != nil {
		return handlers.Content{}, err
	}
	file, err := f.Draw(t)
	if err != nil {
		return handlers.Content{}, err
	}
	return handlers.Content{Text: t.Title, Image: &file}, nil
}

// trend reads what a picture shows, in one round trip: what each day's own version of the
// form asked. A day on which nobody reported has no point.
func (f *Family) trend(ctx context.Context, d *handlers.Desk, p *config.Pack, keys []string, days []config.Day, sc scope) (handlers.Trend, error) {
	t := handlers.Trend{Title: fmt.Sprintf("%s %s–%s", p.Title, days[0].Label(), days[len(days)-1].Label())}
	if sc.name != "" {
		t.Title = sc.name + " " + t.Title
	}
	t.Note = fmt.Sprintf("%s，%s的数", d.Street.Name, d.At.In(d.Street.Location).Format("1月2日 15:04"))
	for _, day := range days {
		t.Days = append(t.Days, short(day))
	}
	forms := map[string][]*counted{} // by name, a day each; nil where the form was not in force
	var asks []*ask
	for _, key := range keys {
		name, _, _ := strings.Cut(key, ".")
		if _, there := forms[name]; there {
			continue
		}
		list := make([]*counted, len(days))
		for i, day := range days {
			if form := p.FormOn(name, day); form != nil {
				list[i] = &counted{form: form}
				asks = append(asks, f.read(list[i], &list[i].day, day))
			}
		}
		forms[name] = list
	}
	if err := readAll(ctx, d, asks); err != nil {
		return t, fmt.Errorf("read trend: %w", err)
	}
	var errs error
	for _, a := range asks {
		errs = errors.Join(errs, a.err)
	}
	if errs != nil {
		return t, fmt.Errorf("read trend: %w", errs)
	}
	for _, key := range keys {
		form, name, _ := strings.Cut(key, ".")
		line := handlers.TrendLine{Name: name, Points: make([]handlers.TrendPoint, len(days))}
		for i, all := range forms[form] {
			if all == nil {
				continue
			}
			c := all.count(sc)
			x := c.form.Field(name)
			n, ok := c.sum[name]
			if x == nil || !may(x) || !ok || len(c.day) == 0 {
				continue
			}
			if line.Name = name; x.Unit != "" {
				line.Name += "（" + x.Unit + "）"
			}
			line.Points[i] = handlers.TrendPoint{Known: true, N: n, Text: x.Format(n)}
			if whole := c.form.By == "" || c.form.By == config.ByCommittee; whole && len(c.day) < sc.base {
				line.Points[i].Base = fmt.Sprintf("%d/%d", len(c.day), sc.base)
			}
		}
		t.Lines = append(t.Lines, line)
	}
	return t, nil
}

// short is a day under an axis: 2.13.
func short(d config.Day) string {
	return strings.Replace(strings.TrimSuffix(d.Label(), "日"), "月", ".", 1)
}

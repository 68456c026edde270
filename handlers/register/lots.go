package register

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// A round with more bookings than places is drawn, and anybody with a slip can recompute it:
// first the numbers are closed and the fingerprint of the seed is said, its SHA-256; some
// time later the seed itself. Each number's lot is the SHA-256 of "<seed>|<number>"; the
// smallest lots win. The seed is a keyed hash of the committee and the round, so that nobody
// can choose it and nobody outside knows it before it is said.

// draws holds them: field = <pack>/<register>/<unit>|<round>.
var draws = store.Records("reg-draw")

// lottery is one draw.
type lottery struct {
	Seats   int    `json:"s"`
	Numbers []int  `json:"n"` // who takes part
	Print   string `json:"p"` // SHA-256 of the seed, hex
	At      int64  `json:"a"` // when it was said
	Seed    string `json:"e,omitempty"`
	Won     []int  `json:"w,omitempty"` // ascending

	rev int
}

// Lots picks as many numbers as there are seats: those whose SHA-256 of "<seed>|<number>",
// in hex, comes first. They are returned in ascending order.
func Lots(seed string, numbers []int, seats int) []int {
	lot := func(n int) string { return fingerprint(seed + "|" + strconv.Itoa(n)) }
	out := slices.Clone(numbers)
	slices.SortFunc(out, func(a, b int) int { return cmp.Compare(lot(a), lot(b)) })
	out = out[:min(max(seats, 0), len(out))]
	slices.Sort(out)
	return out
}

func fingerprint(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

func (b *book) drawField(unit string, round int) string {
	return fmt.Sprintf("%s/%s|%d", b.path(), unit, round)
}

func (b *book) drawing(ctx context.Context, c *handlers.Call, field string) (lottery, error) {
	r := c.Read()
	cell := r.Cell(draws, field)
	if err := r.Run(ctx); err != nil {
		return lottery{}, fmt.Errorf("read draw: %w", err)
	}
	l := lottery{rev: cell.Rev}
	if cell.Rev == 0 {
		return l, nil
	}
	if err := json.Unmarshal([]byte(cell.Value), &l); err != nil {
		return l, fmt.Errorf("decode draw: %w", err)
	}
	return l, nil
}

func (l lottery) put(field string) store.Change {
	body, err := json.Marshal(l)
	if err != nil {
		panic("register: draw does not encode: " + err.Error())
	}
	return store.Put(draws, field, l.rev, string(body))
}

// undrawn refuses a booking behind a draw's closing, and guards against one that comes in
// between.
func (f *Family) undrawn(ctx context.Context, c *handlers.Call, w *deed) error {
	for _, a := range w.Acts {
		if a.Draw == nil {
			continue
		}
		field := w.drawField(w.o.To.Unit, w.o.Values[a.Draw.Round])
		l, err := w.drawing(ctx, c, field)
		if err != nil {
			return err
		}
		w.guards = append(w.guards, store.Guard{Table: draws, Field: field})
		if l.rev > 0 {
			return handlers.Refusef("等下一轮再登。", "第%d轮已经截止抽号，%s没有登。", w.o.Values[a.Draw.Round], w.o.To.Name)
		}
	}
	return nil
}

// lots is /抽号: with the places the numbers are closed and the fingerprint is said; said
// again after a while, it draws; with a number it says what came of that one.
func (f *Family) lots(ctx context.Context, c *handlers.Call, b *book, a *config.Act, text string) (handlers.Outcome, error) {
	unit := c.Person.Unit
	if unit == "" {
		name, units := named(&c.Desk, text)
		if len(units) != 1 {
			return handlers.Outcome{}, handlers.Refusef("例："+a.Example, "是哪个居民区？请写上名字，没有抽。")
		}
		unit = name
	}
	round, err := f.round(ctx, c, b.Field(a.Draw.Round))
	if err != nil {
		return handlers.Outcome{}, err
	}
	field := b.drawField(unit, round)
	l, err := b.drawing(ctx, c, field)
	if err != nil {
		return handlers.Outcome{}, err
	}
	n, given := figure(text)
	switch {
	case l.Won != nil:
		return l.tell(unit, round, n, given), nil
	case l.rev > 0:
		return f.pick(ctx, c, b, a, l, field, unit, round)
	case !given:
		return handlers.Outcome{}, handlers.Refusef("照这样发："+a.Example, "还差：名额。有几份能发？")
	}
	return f.close(ctx, c, b, a, n, field, unit, round)
}

// figure is the first number of a line.
func figure(text string) (int, bool) {
	text = syntax.Normalise(text)
	i := strings.IndexAny(text, "0123456789")
	if i < 0 {
		return 0, false
	}
	return number(text[i:])
}

// close ends the booking and says the seed's fingerprint.
func (f *Family) close(ctx context.Context, c *handlers.Call, b *book, a *config.Act, seats int, field, unit string, round int) (handlers.Outcome, error) {
	r := c.Read()
	cells := r.All(b.entries())
	var counted []store.Guard // no booking comes in between
	var last []*store.Cell
	for _, n := range b.Numbers {
		if n.Field == a.Draw.Number {
			at := b.counter(n, unit, map[string]int{a.Draw.Round: round})
			counted = append(counted, store.Guard{Table: counters, Field: at})
			last = append(last, r.Cell(counters, at))
		}
	}
	if err := r.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read bookings: %w", err)
	}
	for i := range counted {
		counted[i].Rev = last[i].Rev
	}
	all, err := b.decodeAll(*cells)
	if err != nil {
		return handlers.Outcome{}, err
	}
	var numbers []int
	for _, e := range all {
		if e.Unit == unit && e.Values[a.Draw.Round] == round && slices.Contains(a.Draw.In, e.State) {
			numbers = append(numbers, e.Values[a.Draw.Number])
		}
	}
	slices.Sort(numbers)
	if len(numbers) <= seats {
		return handlers.Answer(fmt.Sprintf("%s第%d轮登了%d户，名额%d，够的，不用抽。", unit, round, len(numbers), seats)), nil
	}
	seed, err := b.seed(c, field)
	if err != nil {
		return handlers.Outcome{}, err
	}
	l := lottery{Seats: seats, Numbers: numbers, Print: fingerprint(seed), At: c.At.Unix()}
	text := fmt.Sprintf("%s第%d轮登记截止：%d户，名额%d。种子指纹（SHA-256）：\n%s\n%s以后再发一次 /%s 就开，先把指纹贴出去。",
		unit, round, len(numbers), seats, l.Print, clock(&c.Desk, c.At.Add(a.Draw.After).Unix()), a.Name)
	out := handlers.Answer(text)
	out.Require = counted
	out.Changes = []store.Change{l.put(field)}
	out.Audit = handlers.Audit{Unit: unit, Record: b.Name + "/" + a.Name, Rev: 1, Values: l.Print}
	return out, nil
}

// seed is what nobody knows before it is said.
func (b *book) seed(c *handlers.Call, field string) (string, error) {
	s, err := c.Read().Lookup(b.pack.Name, "draw/"+field)
	if err != nil {
		return "", fmt.Errorf("make seed: %w", err)
	}
	return fingerprint(s)[:24], nil
}

// pick draws.
func (f *Family) pick(ctx context.Context, c *handlers.Call, b *book, a *config.Act, l lottery, field, unit string, round int) (handlers.Outcome, error) {
	if open := time.Unix(l.At, 0).Add(a.Draw.After); c.At.Before(open) {
		return handlers.Outcome{}, handlers.Refusef(clock(&c.Desk, open.Unix())+"以后再发：/"+a.Name+" 开", "指纹%s刚公布，先让大家看到，还没有抽。", clock(&c.Desk, l.At))
	}
	var err error
	if l.Seed, err = b.seed(c, field); err != nil {
		return handlers.Outcome{}, err
	}
	l.Won = Lots(l.Seed, l.Numbers, l.Seats)
	out := l.tell(unit, round, 0, false)
	out.Changes = []store.Change{l.put(field)}
	out.Audit = handlers.Audit{Unit: unit, Record: b.Name + "/" + a.Name, Rev: l.rev + 1, Values: l.Seed}
	return out, nil
}

// tell says what came of a draw, of one number, or all of it with the recipe.
func (l lottery) tell(unit string, round, n int, given bool) handlers.Outcome {
	if given {
		word := "没有抽中，下一轮再来"
		switch {
		case slices.Contains(l.Won, n):
			word = "抽中了"
		case !slices.Contains(l.Numbers, n):
			word = "不在这一轮里"
		}
		return handlers.Answer(fmt.Sprintf("%s第%d轮 %d号%s。", unit, round, n, word))
	}
	var won []string
	for _, x := range l.Won {
		won = append(won, strconv.Itoa(x))
	}
	return handlers.Answer(fmt.Sprintf("%s第%d轮抽号：%d户抽%d。中的号：%s。\n种子：%s\n核对：参加的号 %s；对每个号算 SHA-256（种子|号），小的%d个中。种子的 SHA-256 就是先公布的指纹。",
		unit, round, len(l.Numbers), l.Seats, strings.Join(won, "、"), l.Seed, strings.Join(runs(l.Numbers), "、"), l.Seats))
}

// runs writes ascending numbers short: 1-86、88.
func runs(list []int) []string {
	var out []string
	for i := 0; i < len(list); {
		j := i
		for j+1 < len(list) && list[j+1] == list[j]+1 {
			j++
		}
		s := strconv.Itoa(list[i])
		if j > i {
			s += "-" + strconv.Itoa(list[j])
		}
		out, i = append(out, s), j+1
	}
	return out
}

package report

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// A form with only_while is asked while its round is open: 口罩预约 has rounds, and between two
// of them nobody is asked anything. The first round is open from the start; an office closes
// it and opens the next, in which numbers and sums begin anew.

// round is where the rounds of one name stand. Its cell: "<n>|<open>|<since>|<userid>".
type round struct {
	n     int // from 1
	shut  bool
	since time.Time // when the round began; zero: with the pack
	by    string    // userid of who opened or closed last
	rev   int
}

func rounds() store.Table { return store.Records("round") }

// rounders may open and close a round.
var rounders = []config.Role{config.RoleOffice, config.RoleParty, config.RoleDutyDesk}

func openRound(c store.Cell) (round, error) {
	r := round{n: 1, rev: c.Rev}
	if c.Rev == 0 {
		return r, nil
	}
	parts := strings.SplitN(c.Value, "|", 4)
	if len(parts) != 4 {
		return r, fmt.Errorf("decode round: %d parts", len(parts))
	}
	n, err := strconv.Atoi(parts[0])
	if err != nil {
		return r, fmt.Errorf("decode round: %w", err)
	}
	since, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil {
		return r, fmt.Errorf("decode round: %w", err)
	}
	r.n, r.shut, r.by = n, parts[1] == "0", parts[3]
	if since > 0 {
		r.since = time.Unix(since, 0)
	}
	return r, nil
}

func (r round) put(name string) store.Change {
	state, since := "1", int64(0)
	if r.shut {
		state = "0"
	}
	if !r.since.IsZero() {
		since = r.since.Unix()
	}
	return store.Put(rounds(), name, r.rev, fmt.Sprintf("%d|%s|%d|%s", r.n, state, since, r.by))
}

// Round is where the rounds of one name stand. It implements handlers.Round.
func (f *Family) Round(b *store.Batch, name string) func() (n int, open bool, err error) {
	cell := b.Cell(rounds(), name)
	return func() (int, bool, error) {
		r, err := openRound(*cell)
		return r.n, !r.shut, err
	}
}

var _ handlers.Round = (*Family)(nil).Round

// roundOf joins the reading of a form's round to a batch; of a form without rounds it is
// always open. The result is called after the batch has run.
func roundOf(b *store.Batch, form *config.Form) func() (round, error) {
	if form.While == "" {
		return func() (round, error) { return round{n: 1}, nil }
	}
	cell := b.Cell(rounds(), form.While)
	return func() (round, error) { return openRound(*cell) }
}

// asked are those of the sheets whose round is open.
func (f *Family) asked(ctx context.Context, d *handlers.Desk, sheets []*sheet) ([]*sheet, error) {
	if !slices.ContainsFunc(sheets, func(sh *sheet) bool { return sh.form.While != "" }) {
		return sheets, nil
	}
	b := d.Read()
	cells := b.All(rounds())
	if err := b.Run(ctx); err != nil {
		return nil, fmt.Errorf("read rounds: %w", err)
	}
	var out []*sheet
	for _, sh := range sheets {
		r, err := openRound((*cells)[sh.form.While])
		if err != nil {
			return nil, err
		}
		if sh.form.While == "" || !r.shut {
			out = append(out, sh)
		}
	}
	return out, nil
}

// roundNames are the rounds of a street's forms.
func (f *Family) roundNames(s *config.Street) []string {
	var out []string
	for _, sh := range f.all(s) {
		if w := sh.form.While; w != "" && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// rounds is the command of who opens and closes rounds, if the street has a form with some.
func (f *Family) rounds(s *config.Street) []handlers.Command {
	names := f.roundNames(s)
	if len(names) == 0 {
		return nil
	}
	return []handlers.Command{{
		Name: "轮次", Aliases: []string{"这一轮"}, Roles: rounders, Hidden: true, Summary: "开一轮、关一轮",
		Usage: "/轮次 名称 开", Example: "/轮次 " + names[0] + " 关",
		Detail: "一轮关了就不再收、不再催，再开就是下一轮，号从头排。\n看现在：/轮次\n关：/轮次 " + names[0] + " 关\n开：/轮次 " + names[0] + " 开", Run: f.turn,
	}}
}

// turn is /轮次 口罩预约 开; bare, it lists.
func (f *Family) turn(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	names := f.roundNames(c.Street)
	b := c.Read()
	cells := b.All(rounds())
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read rounds: %w", err)
	}
	name, word, _ := strings.Cut(strings.TrimSpace(c.Rest), " ")
	if name == "" {
		var lines []string
		for _, n := range names {
			r, err := openRound((*cells)[n])
			if err != nil {
				return handlers.Outcome{}, err
			}
			lines = append(lines, fmt.Sprintf("%s %s", n, r.state()))
		}
		return handlers.Answer(strings.Join(lines, "\n")), nil
	}
	if !slices.Contains(names, name) {
		return handlers.Outcome{}, handlers.Refusef("有："+strings.Join(names, "、"), "没有叫“%s”的轮次。", handlers.Quote(name))
	}
	r, err := openRound((*cells)[name])
	if err != nil {
		return handlers.Outcome{}, err
	}
	open := word == "开"
	switch {
	case !open && word != "关":
		return handlers.Outcome{}, handlers.Refuse("是开还是关？", "例：/轮次 "+name+" 关")
	case open != r.shut:
		return handlers.Answer(fmt.Sprintf("%s%s，没有变。", name, r.state())), nil
	}
	if r.shut, r.by = !open, c.Person.UserID; open {
		r.n, r.since = r.n+1, c.At
	}
	out := handlers.Answer(fmt.Sprintf("%s%s。", name, r.state()))
	out.Changes = []store.Change{r.put(name)}
	out.Audit = handlers.Audit{Record: "轮次/" + name + "/" + strconv.Itoa(r.n), Rev: r.rev + 1, Values: word}
	return out, nil
}

// state says where a round stands: 第2轮开着.
func (r round) state() string {
	if r.shut {
		return fmt.Sprintf("第%d轮已关", r.n)
	}
	return fmt.Sprintf("第%d轮开着", r.n)
}

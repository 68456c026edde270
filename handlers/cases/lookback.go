package cases

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// The look-back's draw can be recomputed by anybody (card S36): the evening's paper ends
// with a seed, the first 16 hex digits of SHA-256 over the paper above that line. Next
// morning, of the cases that had been reported fixed when the paper was said, each type
// gives its share, rounded up: those whose SHA-256 of "<seed>|<number>" comes first. The
// morning's message names all that took part.

// Draw is the sample of one type: of the numbers given, share per cent, rounded up.
func Draw(seed string, share int, ids []string) []string {
	type lot struct{ hash, id string }
	lots := make([]lot, 0, len(ids))
	for _, id := range ids {
		h := sha256.Sum256([]byte(seed + "|" + id))
		lots = append(lots, lot{hex.EncodeToString(h[:]), id})
	}
	slices.SortFunc(lots, func(a, b lot) int { return cmp.Compare(a.hash, b.hash) })
	n := (len(lots)*share + 99) / 100
	out := make([]string, 0, n)
	for _, l := range lots[:n] {
		out = append(out, l.id)
	}
	slices.SortFunc(out, inOrder)
	return out
}

// seedOf is the seed that a text publishes.
func seedOf(text string) string {
	h := sha256.Sum256([]byte(text))
	return hex.EncodeToString(h[:])[:16]
}

// drawn marks who took part in a draw and was not drawn.
const drawn = "-"

// drawDuty is the morning's draw.
func (f *Family) drawDuty(ctx context.Context, m *handlers.Moment) (handlers.Outcome, error) {
	list, err := all(ctx, &m.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	last, err := readPaper(ctx, &m.Desk, m.Day.Add(-1))
	if err != nil {
		return handlers.Outcome{}, err
	}
	seed, until := last.Seed, last.At
	if seed == "" { // no paper was said: the day alone, and everybody is told so
		seed, until = string(m.Day), m.Day.Time(m.Street.Location).Unix()
	}
	pools := map[string][]string{}
	share := map[string]int{}
	byID := map[string]*Case{}
	for _, k := range list {
		t := typ(m.Street, k)
		if t.LookBack == 0 || !k.drawable() || k.Fixed > until {
			continue
		}
		pools[t.Name] = append(pools[t.Name], k.id)
		share[t.Name], byID[k.id] = t.LookBack, k
	}
	if len(byID) == 0 {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	var sample []string
	for name, ids := range pools {
		sample = append(sample, Draw(seed, share[name], ids)...)
	}
	slices.SortFunc(sample, inOrder)
	var out handlers.Outcome
	for _, id := range slices.SortedFunc(maps.Keys(byID), inOrder) {
		k := byID[id]
		k.Look = drawn
		note := "没有抽中"
		if slices.Contains(sample, id) {
			k.Look, note = string(m.Day), "抽中"
		}
		k.do(Drawn, "-", m.At, note)
		o := f.outcome(&m.Desk, k)
		out.Changes = append(out.Changes, o.Changes...)
	}
	out.Audit = handlers.Audit{Record: "回头看/" + string(m.Day), Values: seed + " " + strings.Join(sample, ",")}
	head := fmt.Sprintf("【回头看 %s】抽%d件，从%d件里，种子%s", m.Day.Label(), len(sample), len(byID), seed)
	if last.Seed == "" {
		head += "（昨天没有例会材料，种子用日期）"
	}
	lines := []string{head}
	for _, id := range sample {
		lines = append(lines, byID[id].name())
	}
	var pool []string
	for _, name := range slices.Sorted(maps.Keys(pools)) {
		pool = append(pool, fmt.Sprintf("%s%d%% %s", name, share[name], strings.Join(pools[name], " ")))
	}
	lines = append(lines, "参加抽的："+strings.Join(pool, "；"))
	text := strings.Join(append(lines, "看过回：/回 编号 过，或 /回 编号 反弹 怎么了"), "\n")
	out.Pushes = f.toInspectors(&m.Desk, m.Duty, handlers.Notice, text)
	return out, nil
}

// drawable reports whether a case is mended and has taken part in no draw.
func (k *Case) drawable() bool {
	return k.Look == "" && k.Fixed > 0 && (k.State == Fixed || k.State == Closed)
}

// undone reports whether a case was drawn and nobody has looked at it again.
func (k *Case) undone() bool {
	return k.Look != "" && k.Look != drawn && !k.Looked && (k.State == Fixed || k.State == Closed)
}

// toInspectors says something in the duty's chats, else in the inspectors', else to each of
// them where they have none.
func (f *Family) toInspectors(d *handlers.Desk, duty *config.Duty, kind handlers.PushKind, text string) []store.Push {
	var out []store.Push
	in := duty.Chat
	if in == "" {
		in = config.ChatInspection
	}
	for _, chat := range d.Dir.ChatsOf(d.Street, in) {
		out = append(out, handlers.PushAt(handlers.ToChat(chat.Name), kind, handlers.Say(text), d.At))
	}
	if len(out) > 0 {
		return out
	}
	for _, p := range d.Dir.PeopleOf(d.Street, config.RoleInspector) {
		out = append(out, handlers.PushAt(handlers.ToPerson(p.UserID), kind, handlers.Say(text), d.At))
	}
	return out
}

// dayOf is the street's day of a moment in Unix seconds.
func dayOf(d *handlers.Desk, sec int64) config.Day { return d.Street.Day(time.Unix(sec, 0)) }

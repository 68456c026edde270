package courier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"juwei/bot/wecom"
	"juwei/handlers"
	"juwei/store"
)

// message is one or several pushes that are said together to one target.
type message struct {
	pushes  []store.Waiting // the first pays; several only of kinds that merge
	raw     [][]byte        // their bodies before they were rendered
	content handlers.Content
	all     *handlers.Consent
	repeat  bool // a person has it said again, and it may have been heard
	pay     []store.Change
}

// add puts a claimed and rendered push into the message.
func (m *message) add(w store.Waiting, raw []byte) {
	m.pushes, m.raw = append(m.pushes, w), append(m.raw, raw)
}

// again is the i-th push as it goes back to wait. What must arrive is said again with the
// same words; anything else is rendered anew, and dropped if it is no longer true.
func (m *message) again(i int) store.Waiting {
	w := m.pushes[i]
	if !handlers.MannersOf(handlers.PushKind(w.Push.Kind)).MustArrive && w.Said == 0 {
		w.Push.Body = m.raw[i]
	}
	return w
}

// deliver brings the head of a target's queue to its next state, together with those
// behind it that may be said with it. An error is the store's.
func (c *Courier) deliver(ctx context.Context, s *handlers.Street, now time.Time, queue []store.Waiting) (result, error) {
	w := queue[0]
	if w.State == store.StateSending { // whoever was sending it is gone: nobody knows
		return c.unheard(ctx, s, now, w, whyBroken)
	}
	if v := gate(s, now, &w); !v.pass() {
		return result{done: 1}, c.turn(ctx, s, now, w, v)
	}
	v, pay, err := c.afford(ctx, s, now, &w)
	if err != nil {
		return result{}, err
	}
	if !v.pass() {
		return result{done: 1}, c.turn(ctx, s, now, w, v)
	}
	outlet, err := c.o.Outlet(s, handlers.Target(w.Push.To), w.Hop)
	if errors.Is(err, ErrNotHere) { // another replica's turn, or soon
		return waitUntil(now.Add(awayFor)), nil
	}
	if err != nil {
		c.o.Logger.ErrorContext(ctx, "push has no way out", "id", w.N, "street", s.Code, "err", err)
		return c.dead(ctx, s, now, w, w.Push.Body, err.Error(), nil)
	}
	if until := c.rests.longest(outlet.Limits, now); !until.IsZero() {
		return waitUntil(until), nil
	}
	claimed, parcel, r, err := c.prepare(ctx, s, now, w)
	if err != nil || r != nil {
		return *r, err
	}
	m := message{content: parcel.Content, all: parcel.All, repeat: parcel.Again, pay: pay}
	m.add(claimed, w.Push.Body)
	done, err := c.merge(ctx, s, now, &m, outlet, queue[1:])
	if err != nil {
		return result{}, err
	}
	r2, err := c.say(ctx, s, now, m, outlet)
	if r2.done > 0 {
		r2.done += done
	}
	return r2, err
}

// awayFor is how long to leave a target whose channel is another replica's.
const awayFor = 10 * time.Second

// prepare claims a push and renders it; its body is then what will be said. r is set if it
// ends here.
func (c *Courier) prepare(ctx context.Context, s *handlers.Street, now time.Time, w store.Waiting) (store.Waiting, handlers.Parcel, *result, error) {
	claimed, err := c.o.Store.Claim(ctx, s.Code, w, c.o.Owner, now.Add(c.o.Lease))
	if errors.Is(err, store.ErrStale) { // another replica has it, and what is behind it must not overtake
		return w, handlers.Parcel{}, &result{wait: true}, nil
	}
	if err != nil {
		return w, handlers.Parcel{}, &result{}, err
	}
	p, err := c.render(ctx, s, now, &claimed)
	if moot := (*handlers.Moot)(nil); errors.As(err, &moot) {
		return w, p, &result{done: 1}, c.settle(ctx, s, claimed, store.StateDropped, moot.Why, now)
	}
	if err != nil {
		c.o.Logger.ErrorContext(ctx, "push not rendered", "id", w.N, "street", s.Code, "kind", w.Push.Kind, "err", err)
		r, err := c.back(ctx, s, now, claimed, nil, time.Minute, whyUnwritten, c.o.Attempts)
		return w, p, &r, err
	}
	claimed.Push.Body = p.Body()
	return claimed, p, nil, nil
}

// render opens a push's parcel; a recipe is cooked now, on the facts of now.
func (c *Courier) render(ctx context.Context, s *handlers.Street, now time.Time, w *store.Waiting) (handlers.Parcel, error) {
	p, err := handlers.OpenParcel(w.Push.Body)
	if err != nil || p.Recipe == "" {
		return p, err
	}
	r, ok := c.recipes[p.Recipe]
	if !ok {
		return p, fmt.Errorf("no recipe %q", p.Recipe)
	}
	content, err := r.Render(ctx, &handlers.Serving{
		Desk: handlers.Desk{Street: s, Day: s.Day(now), At: now, Dir: c.o.Directory, Book: c.o.Store},
		To:   handlers.Target(w.Push.To), Args: p.Args,
	})
	return handlers.Parcel{Content: content, All: p.All, Again: p.Again}, err
}

// merge adds to a message what may be said with it. It returns how many of the queue are
// dealt with.
func (c *Courier) merge(ctx context.Context, s *handlers.Street, now time.Time, m *message, o Outlet, queue []store.Waiting) (done int, err error) {
	if !merges(&m.pushes[0]) || m.all.Given() || m.repeat || attached(m.content) {
		return 0, nil
	}
	said := []handlers.Content{m.content}
	for i, w := range queue {
		if !merges(&w) || w.State != store.StateWaiting || w.Hop != m.pushes[0].Hop {
			break
		}
		if v := gate(s, now, &w); !v.pass() {
			if err := c.turn(ctx, s, now, w, v); err != nil {
				return done, err
			}
			done++
			continue
		}
		claimed, parcel, r, err := c.prepare(ctx, s, now, w)
		if err != nil || r != nil && r.wait {
			return done, err
		}
		if r != nil {
			done++
			continue
		}
		longer := together(append(said, parcel.Content)...)
		if len(wecom.EscapeTags(longer)) > o.Bytes-roomForMarks || parcel.Again || parcel.All.Given() || attached(parcel.Content) { // it goes by itself, right after this one
			claimed.Push.Body = w.Push.Body
			err := c.o.Store.Later(ctx, s.Code, claimed, w.Due, w.Reason)
			queue[i].Rev = claimed.Rev + 1
			return done, lost(err)
		}
		said = append(said, parcel.Content)
		m.add(claimed, w.Push.Body)
		m.content = handlers.Say(longer)
		done++
	}
	return done, nil
}

// together is what several contents are when they are said at once: those that have a line
// are one line each, and what can be answered to them stands once at the end.
func together(list ...handlers.Content) string {
	var b strings.Builder
	var hints []string
	for i, c := range list {
		switch {
		case i == 0:
		case c.Line != "" && list[i-1].Line != "":
			b.WriteString("\n")
		default:
			b.WriteString("\n\n")
		}
		if c.Line == "" {
			b.WriteString(wecom.Plain(c))
			continue
		}
		b.WriteString(c.Line)
		if c.Hint != "" && !slices.Contains(hints, c.Hint) {
			hints = append(hints, c.Hint)
		}
	}
	for _, h := range hints {
		b.WriteString("\n" + h)
	}
	return b.String()
}

// merges reports whether a push may be said together with others.
func merges(w *store.Waiting) bool {
	return handlers.MannersOf(handlers.PushKind(w.Push.Kind)).Merges && w.Said == 0 && w.Unsure == 0
}

// attached reports whether a content is more than words and buttons, which merging would
// lose.
func attached(c handlers.Content) bool { return c.File != nil || c.Image != nil || c.Markdown }

// resentMark begins what may have been heard before.
const resentMark = "（重发）"

// marked puts the marks in front of one part that it needs; again: it may have been heard.
func marked(s *handlers.Street, part handlers.Content, again bool) handlers.Content {
	mark := func(m string) {
		part = handlers.Marked(m, part)
		part.File, part.Image = named(m, part.File), named(m, part.Image)
	}
	if again {
		mark(resentMark)
	}
	if len(s.Drill) > 0 {
		mark(handlers.DrillMark)
	}
	return part
}

// named is a file with the mark in front of its name.
func named(mark string, f *handlers.File) *handlers.File {
	if f == nil {
		return nil
	}
	return &handlers.File{Name: mark + f.Name, Data: f.Data}
}

// heardOf reports whether a push has to say that it may have been heard before.
func heardOf(w *store.Waiting, o Outlet, now time.Time) bool {
	return w.Unsure > 0 && !(o.Dedupe && repeats(w) && now.Sub(w.Begun) < dedupeFor)
}

// dedupeFor is how long after the first time the platform drops an identical message, with
// a margin (wecom sets 30 minutes).
const dedupeFor = 25 * time.Minute

// repeats reports whether a push may be sent with the platform's check for repeats. Not
// so an answer: who asks twice within half an hour hears the same answer twice.
func repeats(w *store.Waiting) bool { return w.Push.Kind != string(handlers.Reply) }

// say records that a message is being sent, sends its parts and deals with the outcome.
func (c *Courier) say(ctx context.Context, s *handlers.Street, now time.Time, m message, o Outlet) (result, error) {
	m.content.MentionAll = m.all.Given()
	parts := o.Parts(m.content)
	if len(parts) == 0 { // nothing to say: the channel refuses it, and somebody hears of it
		parts = []handlers.Content{m.content}
	}
	first := m.pushes[0].Said
	if until, err := c.permit(ctx, o.limits(parts[min(first, len(parts)-1)]), now); err != nil || !until.IsZero() {
		return waitUntil(until), errors.Join(err, c.putBack(ctx, s, m))
	}
	ws, err := c.o.Store.Sending(ctx, s.Code, m.pushes, now, now.Add(c.o.Lease), m.pay...)
	if errors.Is(err, store.ErrStale) { // a claim was lost, or somebody else paid out of the same budget
		return waitUntil(now.Add(time.Second)), c.putBack(ctx, s, m)
	}
	if err != nil {
		return result{}, err
	}
	m.pushes = ws
	again := heardOf(&ws[0], o, now) || m.repeat && first == 0
	options := wecom.SendOptions{Dedupe: o.Dedupe && repeats(&ws[0])}
	for i := first; i < len(parts); i++ {
		if i > first { // only a push that goes by itself has several parts
			at := c.now(s, now)
			until, err := c.permit(ctx, o.limits(parts[i]), at)
			if err != nil {
				return result{}, err
			}
			ws[0].Said, ws[0].Unsure = i, 0 // what may have been heard lies behind
			if !until.IsZero() {
				return waitUntil(until), lost(c.o.Store.Later(ctx, s.Code, m.again(0), until, whyParts))
			}
			if ws[0], err = c.o.Store.Partly(ctx, s.Code, ws[0], i, at.Add(c.o.Lease)); err != nil {
				return result{wait: true}, lost(err)
			}
		}
		if err := o.Send(ctx, marked(s, parts[i], again && i == first), options); err != nil {
			return c.heard(ctx, s, c.now(s, now), m, o, err)
		}
	}
	return c.heard(ctx, s, c.now(s, now), m, o, nil)
}

// putBack gives back what was claimed and not begun: it is looked at anew.
func (c *Courier) putBack(ctx context.Context, s *handlers.Street, m message) error {
	for i, w := range m.pushes {
		if w.Begun.IsZero() {
			w.Push.Body = m.raw[i]
		} else {
			w = m.again(i)
		}
		if err := lost(c.o.Store.Later(ctx, s.Code, w, w.Due, w.Reason)); err != nil {
			return err
		}
	}
	return nil
}

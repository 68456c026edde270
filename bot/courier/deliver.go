package courier

import (
	"context"
	"errors"
	"fmt"
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
	if until, err := c.permit(ctx, outlet, now); err != nil || !until.IsZero() {
		return waitUntil(until), err
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

// permit takes one send out of every limit of an outlet; a time says when to ask again.
func (c *Courier) permit(ctx context.Context, o Outlet, now time.Time) (time.Time, error) {
	for _, l := range o.Limits {
		ok, at, err := c.o.Store.Permit(ctx, l.Key, now, l.Windows...)
		if err != nil {
			return time.Time{}, err
		}
		if !ok {
			return at, nil
		}
	}
	return time.Time{}, nil
}

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
	if !merges(&m.pushes[0]) || m.all.Given() || m.repeat {
		return 0, nil
	}
	texts := []string{wecom.Plain(m.content)}
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
		longer := strings.Join(append(texts, wecom.Plain(parcel.Content)), "\n\n")
		if len(wecom.EscapeTags(longer)) > o.Bytes-roomForMarks || parcel.Again || parcel.All.Given() { // it goes by itself, right after this one
			claimed.Push.Body = w.Push.Body
			err := c.o.Store.Later(ctx, s.Code, claimed, w.Due, w.Reason)
			queue[i].Rev = claimed.Rev + 1
			return done, lost(err)
		}
		texts = append(texts, wecom.Plain(parcel.Content))
		m.add(claimed, w.Push.Body)
		m.content = handlers.Say(longer)
		done++
	}
	return done, nil
}

// merges reports whether a push may be said together with others.
func merges(w *store.Waiting) bool {
	return handlers.MannersOf(handlers.PushKind(w.Push.Kind)).Merges && w.Said == 0 && w.Unsure == 0
}

// resentMark begins what may have been heard before.
const resentMark = "（重发）"

// marked puts the marks in front of one part that it needs; again: it may have been heard.
func marked(s *handlers.Street, part handlers.Content, again bool) handlers.Content {
	if again {
		part = handlers.Marked(resentMark, part)
	}
	if len(s.Drill) > 0 {
		part = handlers.Marked(handlers.DrillMark, part)
	}
	return part
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
	ws, err := c.o.Store.Sending(ctx, s.Code, m.pushes, now, now.Add(c.o.Lease), m.pay...)
	if errors.Is(err, store.ErrStale) {
		// A claim was lost, or somebody else paid out of the same budget: what is still
		// ours is looked at anew.
		for i, w := range m.pushes {
			if err := lost(c.o.Store.Later(ctx, s.Code, m.again(i), w.Due, w.Reason)); err != nil {
				return result{}, err
			}
		}
		return result{wait: true, until: now.Add(time.Second)}, nil
	}
	if err != nil {
		return result{}, err
	}
	m.pushes = ws
	first, again := ws[0].Said, heardOf(&ws[0], o, now) || m.repeat && ws[0].Said == 0
	parts := o.Parts(m.content)
	options := wecom.SendOptions{
		Dedupe:     o.Dedupe && repeats(&ws[0]),
		MentionAll: o.Mentions && m.all.Given(),
	}
	for i := first; i < len(parts); i++ {
		if i > first { // only a push that goes by itself has several parts
			at := c.now(s, now)
			until, err := c.permit(ctx, o, at)
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

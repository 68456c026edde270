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

// Reasons, as /投递 shows them.
const (
	whyBroken    = "发送时中断，是否送达不明"
	whySilence   = "没有收到答复，是否送达不明"
	whyUnwritten = "内容没有写成"
	whyParts     = "内容较长，余下的等一等再发"
	whyTooFast   = "发得太快，歇到%s"
	whyTooLong   = "一天都没有发成"
	whyMaybe     = "可能已经说过，或只说了一部分"
	whyOtherWay  = "应用发不到，改由机器人发"
)

// remedy is what a failed send asks of us (WECOM.md §14).
type remedy int

const (
	giveUp  remedy = iota // nothing was said and the same again cannot work
	retry                 // nothing was said; a few times more
	outage                // nothing was said and it is not the message's fault: until it works
	tooFast               // nothing was said; the whole channel rests
	unknown               // it may have been said
)

// remedyOf sorts a failure.
func remedyOf(f *wecom.Error) remedy {
	switch {
	case f.Code == 45009 || f.Code == 846607:
		return tooFast
	case f.Unknown():
		return unknown
	case f.Retryable() && (f.Code == 0 || f.Code == 846609): // network, 429, 503, no connection
		return outage
	case f.Retryable():
		return retry
	}
	return giveUp
}

// attemptsOf is how often a message is tried that is refused with a code.
func (c *Courier) attemptsOf(f *wecom.Error) int {
	if f.Code == -1 {
		return min(3, c.o.Attempts) // "system busy": at most three times
	}
	return c.o.Attempts
}

const (
	longestBack  = 5 * time.Minute // between two tries during an outage
	longestTry   = 24 * time.Hour  // what never expires is given up after a day of outage
	unsureAgain  = 2               // so often is repeated, marked, what may have been heard
	settleBudget = 5 * time.Second // machine time for recording an outcome while being stopped
)

// heard settles pushes said together by what the platform answered.
func (c *Courier) heard(ctx context.Context, s *handlers.Street, now time.Time, m message, o Outlet, err error) (result, error) {
	first := m.pushes[0]
	// What was written is a fact: it is recorded also when the caller is being stopped.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleBudget)
	defer cancel()
	if err == nil {
		c.count(s, o.Channel, "sent")
		return each(m, func(w store.Waiting, said []byte) (result, error) {
			return result{done: 1}, c.settle(ctx, s, w, store.StateSent, mergedInto(w, first), now)
		})
	}
	var f *wecom.Error
	if !errors.As(err, &f) {
		f = &wecom.Error{Op: "send", Msg: err.Error(), Wrote: true}
	}
	log := c.o.Logger.With("id", first.N, "street", s.Code, "kind", first.Push.Kind, "attempt", first.Attempt, "errcode", f.Code, "err", f)
	var halt time.Time
	switch r := remedyOf(f); r {
	case tooFast:
		c.count(s, o.Channel, "retry")
		if halt, err = c.o.Store.Halt(ctx, o.Brake, now); err != nil {
			return result{}, err
		}
		log.WarnContext(ctx, "too fast for the platform, the channel rests", "until", halt)
	case retry, outage:
		c.count(s, o.Channel, "retry")
		log.WarnContext(ctx, "push not sent, will be tried again")
	case unknown:
		c.count(s, o.Channel, "unknown")
	default:
		c.count(s, o.Channel, "dead")
		log.ErrorContext(ctx, "push refused")
	}
	return each(m, func(w store.Waiting, said []byte) (result, error) {
		switch remedyOf(f) {
		case tooFast:
			return waitUntil(halt), lost(c.o.Store.Later(ctx, s.Code, w, halt, fmt.Sprintf(whyTooFast, halt.In(s.Location).Format("15:04"))))
		case outage:
			if now.Sub(w.Created) > longestTry && w.Push.Expires.IsZero() {
				return c.dead(ctx, s, now, w, said, whyTooLong+"："+f.Advice(), nil)
			}
			at := now.Add(min(max(f.After(), now.Sub(w.Begun)/2, time.Second), longestBack))
			return result{wait: true, until: at}, lost(c.o.Store.Later(ctx, s.Code, w, at, f.Advice()))
		case retry:
			return c.back(ctx, s, now, w, said, f.After()<<min(w.Attempt, 5), f.Advice(), c.attemptsOf(f))
		case unknown:
			return c.unheard(ctx, s, now, w, whySilence)
		}
		return c.dead(ctx, s, now, w, said, f.Advice(), f)
	})
}

func mergedInto(w, first store.Waiting) string {
	if w.N == first.N {
		return ""
	}
	return fmt.Sprintf("和%d一起说的", first.N)
}

// each does the same to all pushes of a message and adds up the results; said is the body
// as it was rendered.
func each(m message, do func(w store.Waiting, said []byte) (result, error)) (result, error) {
	var all result
	for i := range m.pushes {
		r, err := do(m.again(i), m.pushes[i].Push.Body)
		if err != nil {
			return all, err
		}
		all.wait, all.yield = all.wait || r.wait, all.yield || r.yield
		all.until = sooner(all.until, r.until)
		if i == 0 {
			all.done = r.done
		}
	}
	return all, nil
}

// unheard handles an unknown outcome: what must arrive goes again, marked unless the
// platform drops repeats; anything else stays unknown for a person to see.
func (c *Courier) unheard(ctx context.Context, s *handlers.Street, now time.Time, w store.Waiting, why string) (result, error) {
	w.Unsure++
	again := handlers.MannersOf(handlers.PushKind(w.Push.Kind)).MustArrive && w.Unsure <= unsureAgain
	c.o.Logger.WarnContext(ctx, "push outcome unknown", "id", w.N, "street", s.Code, "kind", w.Push.Kind, "again", again)
	if again {
		wait := time.Duration(w.Unsure-1) * time.Minute
		return result{done: 1, yield: true}, lost(c.o.Store.Again(ctx, s.Code, w, now.Add(wait), why))
	}
	if err := c.report(ctx, s, now); err != nil {
		return result{}, err
	}
	return result{done: 1}, c.settle(ctx, s, w, store.StateUnknown, why, now)
}

// back puts a push back for later, or gives up loudly after too many attempts.
func (c *Courier) back(ctx context.Context, s *handlers.Street, now time.Time, w store.Waiting, said []byte, after time.Duration, why string, attempts int) (result, error) {
	if w.Attempt+1 >= attempts {
		return c.dead(ctx, s, now, w, said, why, nil)
	}
	at := now.Add(max(after, time.Second))
	return result{wait: true, until: at}, lost(c.o.Store.Again(ctx, s.Code, w, at, why))
}

// dead ends a push that could not be said: by its target's next way out if there is one,
// else with the duty desk being asked to pass it on and the administrator told. said is its
// body as it would have been heard.
func (c *Courier) dead(ctx context.Context, s *handlers.Street, now time.Time, w store.Waiting, said []byte, why string, f *wecom.Error) (result, error) {
	if _, err := c.o.Outlet(s, handlers.Target(w.Push.To), w.Hop+1); w.Said == 0 && (err == nil || errors.Is(err, ErrNotHere)) {
		w.Hop++
		w.Attempt = 0
		return result{done: 1, yield: true}, lost(c.o.Store.Later(ctx, s.Code, w, now, whyOtherWay+"："+why))
	}
	c.o.Logger.ErrorContext(ctx, "push given up", "id", w.N, "street", s.Code, "kind", w.Push.Kind, "attempt", w.Attempt+1)
	if f != nil && f.Alert() {
		if err := c.alert(ctx, s, now, w, f); err != nil {
			return result{}, err
		}
	}
	if err := c.report(ctx, s, now); err != nil {
		return result{}, err
	}
	var follow []store.Push
	if f == nil || !f.Alert() || single[f.Code] { // else the stand-in would not get through either
		follow = c.standIn(ctx, s, now, w, said)
	}
	if err := c.settle(ctx, s, w, store.StateDead, why, now, follow...); err != nil {
		return result{}, err
	}
	c.refund(ctx, s, now, &w)
	return result{done: 1}, nil
}

// single are the codes that alert and concern one group or person only.
var single = map[int]bool{93000: true, 93004: true, 93008: true, 50002: true}

// standIn asks the duty desk, each person in private, to pass on what did not reach
// somebody. Never a group. What is sealed is not told to others.
func (c *Courier) standIn(ctx context.Context, s *handlers.Street, now time.Time, w store.Waiting, said []byte) []store.Push {
	desk := c.o.Directory.DutyDesk(s)
	userid, private := strings.CutPrefix(w.Push.To, "user:")
	if !private {
		return nil
	}
	for _, p := range desk {
		if p.UserID == userid {
			return nil
		}
	}
	name := c.nameOf(ctx, s, w.Push.To)
	text := fmt.Sprintf("【代转%d】%s收不到私信，请打电话转告。", w.N, name)
	if p, err := handlers.OpenParcel(said); err == nil && w.Push.Campaign == "" && !p.Content.Empty() {
		text = fmt.Sprintf("【代转%d】%s收不到私信，请打电话转告：\n%s", w.N, name, wecom.Plain(p.Content))
	}
	kind := handlers.CaseCard
	switch m := handlers.MannersOf(handlers.PushKind(w.Push.Kind)); {
	case w.Push.Kind == string(handlers.Emergency):
		kind = handlers.Emergency
	case m.MustArrive:
		kind = handlers.Notice
	}
	var out []store.Push
	for _, p := range desk {
		push := handlers.PushAt(handlers.ToPerson(p.UserID), kind, handlers.Say(text), now)
		push.From = w.N
		out = append(out, push)
	}
	return out
}

// nameOf is how people call a target: the group's name or the person's title. Somebody the
// directory does not know may have been entered a moment ago, here or by another replica: it
// looks again.
func (c *Courier) nameOf(ctx context.Context, s *handlers.Street, to string) string {
	_, name, _ := strings.Cut(to, ":")
	if handlers.Target(to).IsChat() {
		return name
	}
	p, street, known := c.o.Directory.Person(name)
	if !known {
		if err := c.o.Directory.Refresh(ctx, c.o.Store); err != nil {
			c.o.Logger.WarnContext(ctx, "directory not refreshed", "street", s.Code, "err", err)
		}
		p, street, known = c.o.Directory.Person(name)
	}
	if known && street.Code == s.Code {
		return p.Title
	}
	return name
}

// alert tells the administrators, once a day, of a failure that needs them: one that
// concerns every message, or one group or person for good.
func (c *Courier) alert(ctx context.Context, s *handlers.Street, now time.Time, w store.Waiting, f *wecom.Error) error {
	who, id := "现在什么也", ""
	if single[f.Code] {
		who, id = c.nameOf(ctx, s, w.Push.To), ":"+w.Push.To
	}
	text := fmt.Sprintf("【投递】%s发不出去：%s\n看详情：/投递", who, f.Advice())
	return c.toAdmins(ctx, s, now, fmt.Sprintf("courier:alert:%s:%d%s", s.Day(now), f.Code, id), func(to handlers.Target) store.Push {
		return handlers.PushAt(to, handlers.Notice, handlers.Say(text), now)
	})
}

// report sees to it that the administrators hear, once a morning, what did not arrive. The
// words are found then.
func (c *Courier) report(ctx context.Context, s *handlers.Street, now time.Time) error {
	morning := handlers.NextMorning(s, now)
	return c.toAdmins(ctx, s, now, "courier:undelivered:"+string(s.Day(morning)), func(to handlers.Target) store.Push {
		return handlers.PushRecipe(to, handlers.Notice, handlers.RecipeUndelivered, nil, morning)
	})
}

// toAdmins puts one push for each administrator into the outbox, once for an id.
func (c *Courier) toAdmins(ctx context.Context, s *handlers.Street, now time.Time, id string, push func(handlers.Target) store.Push) error {
	var pushes []store.Push
	for _, p := range c.o.Directory.Administrators(s) {
		pushes = append(pushes, push(handlers.ToPerson(p.UserID)))
	}
	if len(pushes) == 0 {
		return nil
	}
	if _, err := c.o.Store.Commit(ctx, store.Act{Street: s.Code, ID: id, At: now, Pushes: pushes}); err != nil {
		return fmt.Errorf("tell administrators: %w", err)
	}
	return nil
}

// settle ends a push. One that may have been heard, or of which a part was said, can't be
// said to be dropped or dead: it is unknown, and a person sees it.
func (c *Courier) settle(ctx context.Context, s *handlers.Street, w store.Waiting, to store.State, why string, now time.Time, follow ...store.Push) error {
	if (w.Unsure > 0 || w.Said > 0) && (to == store.StateDropped || to == store.StateDead) {
		to, why = store.StateUnknown, whyMaybe+"；"+why
		if err := c.report(ctx, s, now); err != nil {
			return err
		}
	}
	return lost(c.o.Store.Settle(ctx, s.Code, w, to, why, now, follow...))
}

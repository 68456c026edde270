package wecom

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"juwei/handlers"
)

// An answer that takes longer than the platform waits (5 s) has two ways (doc paths 101031,
// 101138): the callback is answered with nothing and the words follow by response_url, or
// it is answered with an unfinished stream, which the platform then asks for about once a
// second, at most six minutes, with {"msgtype":"stream","stream":{"id":"…"}}.

// waitNote stands where an answer will be.
const waitNote = "正在办，请稍等……"

// askedFor is how long the platform asks for the rest of a stream.
const askedFor = 6 * time.Minute

// slow are the streams left open, by id.
type slow struct {
	mu   sync.Mutex
	open map[string]*pendingStream
}

type pendingStream struct {
	text string // once done
	done bool
}

// begin opens a stream. Its id says when, so that a replica that does not know it can tell
// an answer that is still being made elsewhere from one that nobody makes any more.
func (s *slow) begin(msgid string, at time.Time) (id string, p *pendingStream) {
	id = "w" + strconv.FormatInt(at.Unix(), 36) + streamID(msgid)[1:]
	p = &pendingStream{}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = make(map[string]*pendingStream)
	}
	s.open[id] = p
	return id, p
}

func (s *slow) finish(p *pendingStream, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.text, p.done = text, true
}

func (s *slow) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, id)
}

// poll is what there is to say about a stream now.
func (s *slow) poll(id string, now time.Time) (text string, finish bool) {
	s.mu.Lock()
	p := s.open[id]
	if p != nil && p.done {
		text = p.text
	}
	s.mu.Unlock()
	switch {
	case text != "":
		return text, true
	case p != nil:
		return waitNote, false
	}
	if began, ok := strings.CutPrefix(id, "w"); ok {
		began, _, _ = strings.Cut(began, "-")
		sec, err := strconv.ParseInt(began, 36, 64)
		if err == nil && now.Before(time.Unix(sec, 0).Add(askedFor)) {
			return waitNote, false // another replica is at it
		}
	}
	return pollNote, true
}

// patient answers a message whose Receive may take longer than the budget.
func (b *botCallback) patient(w http.ResponseWriter, r *http.Request, x *exchange, in botMessage, m handlers.Message) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), b.o.Patience)
	defer cancel()
	var c handlers.Content
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err = b.o.Receive(ctx, m)
	}()
	soon := time.NewTimer(b.budget)
	defer soon.Stop()
	select {
	case <-done:
		b.say(w, x, in, m, c, err)
		return
	case <-soon.C:
	}
	byURL := b.o.Respond != nil && in.ResponseURL != ""
	var id string
	var p *pendingStream
	if byURL {
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusOK)
	} else {
		id, p = b.slow.begin(in.MsgID, x.at)
		x.reply = appendStream(x.reply[:0], id, false, waitNote)
		b.seal(x)
		w.Header()["Content-Type"] = jsonType
		w.Header().Set("Content-Length", strconv.Itoa(len(x.out))) // complete, though we stay
		w.Write(x.out)                                             //nolint:errcheck // the platform asks again
	}
	http.NewResponseController(w).Flush() //nolint:errcheck // then the platform has hung up
	<-done
	if err != nil {
		b.failed(m.ID, b.now().Sub(x.at), err)
	}
	if !byURL {
		// The platform asks for a while yet; nobody who asks later finds anything.
		time.AfterFunc(askedFor, func() { b.slow.forget(id) })
		text := cut(marked(c), LimitBot)
		if c.Empty() {
			text = pollNote
		}
		b.slow.finish(p, text)
		return
	}
	if c.Empty() {
		return
	}
	if err := b.o.Respond(context.WithoutCancel(r.Context()), Secret(in.ResponseURL), c); err != nil {
		b.failed(m.ID, b.now().Sub(x.at), err)
	}
}

package wecom

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"juwei/handlers"
)

// newSession is a session without a socket: frames are put in by hand.
func newSession(tb testing.TB, receive handlers.Receive, subscribed bool) *session {
	tb.Helper()
	l, err := NewLongConn(LongConnOptions{BotID: "B1", Secret: theSecret, Receive: receive, Now: func() time.Time { return houseNow }})
	if err != nil {
		tb.Fatal(err)
	}
	return &session{l: l, done: make(chan struct{}), pending: map[string]chan frame{}, heard: subscribed,
		queues: &queues{slots: make(chan struct{}, 4), active: make(map[string][]func())}}
}

// FuzzFrame: whatever the socket brings, nothing breaks; before the subscription nothing is
// heard; after it a frame is at most one message, which has an id and a sender; an ack
// reaches only who waits for it.
func FuzzFrame(f *testing.F) {
	body := `{"msgid":"M1","aibotid":"B1","chatid":"C1","chattype":"group","from":{"userid":"u"},"msgtype":"text","text":{"content":"@x 新返2"}}`
	f.Add([]byte(`{"cmd":"aibot_msg_callback","headers":{"req_id":"r1"},"body":`+body+`}`), false)
	f.Add([]byte(`{"cmd":"aibot_msg_callback","headers":{"req_id":"r1"},"body":`+body+`}`), true)
	f.Add([]byte(`{"cmd":"aibot_event_callback","headers":{"req_id":"r"},"body":{"msgid":"m","from":{"userid":"u"},"msgtype":"event","event":{"eventtype":"template_card_event","template_card_event":{"event_key":"k","task_id":"t","selected_items":{"selected_item":[{"question_key":"q","option_ids":{"option_id":["1"]}}]}}}}}`), true)
	f.Add([]byte(`{"cmd":"aibot_event_callback","headers":{"req_id":"r"},"body":{"msgtype":"event","event":{"eventtype":"disconnected_event"}}}`), true)
	f.Add([]byte(`{"headers":{"req_id":"mine"},"errcode":0,"errmsg":"ok","body":{"upload_id":"U"}}`), true)
	f.Add([]byte(`{"errcode":40058,"errmsg":"bad"}`), false)
	f.Add([]byte("{\"cmd\":\"aibot_msg_callback\",\"headers\":{},\"body\":{\"msgid\":\"\x01\"}}"), true)
	f.Add([]byte(`[]`), true)
	f.Fuzz(func(t *testing.T, data []byte, subscribed bool) {
		heard := make(chan handlers.Message, 16)
		s := newSession(t, func(_ context.Context, m handlers.Message) (handlers.Content, error) {
			heard <- m
			return handlers.Content{}, nil
		}, subscribed)
		ack := make(chan frame, 1)
		s.pending["mine"] = ack
		var in frame
		valid := json.Unmarshal(stripControls(append([]byte(nil), data...)), &in) == nil
		s.take(append([]byte(nil), data...))
		s.queues.drain(time.Second)
		switch n := len(heard); {
		case n > 0 && !subscribed:
			t.Fatal("a message was heard without a subscription")
		case n > 0 && (!valid || in.Cmd != cmdMessage && in.Cmd != cmdEvent):
			t.Fatalf("%d messages from a frame that is none", n)
		case n > 1:
			t.Fatalf("one frame, %d messages", n)
		case n == 1:
			if m := <-heard; !strings.HasPrefix(m.ID, "bot:") || m.From == "" || m.Kind == "" || m.At != houseNow {
				t.Fatalf("heard %+v", m)
			}
		}
		if len(ack) > 0 && (!valid || in.Cmd != "" || in.Headers.ReqID != "mine" && (in.Headers.ReqID != "" || in.Code == 0)) {
			t.Fatal("an ack for somebody else was taken")
		}
	})
}

// TestNothingBeforeTheSubscription: the yes to the subscription opens the ears. What came
// on this socket in front of it is then heard too, in its order; after a no, never.
func TestNothingBeforeTheSubscription(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		answer string
		want   []string
	}{
		{`"errcode":0`, []string{"bot:B1:early", "bot:B1:early too", "bot:B1:M1"}},
		{`"errcode":853000,"errmsg":"no"`, nil},
	} {
		ids := make(chan string, 8)
		s := newSession(t, func(_ context.Context, m handlers.Message) (handlers.Content, error) {
			ids <- m.ID
			return handlers.Content{}, nil
		}, false)
		s.opening = "sub"
		s.pending["sub"] = make(chan frame, 1)
		say := func(id string) {
			s.take([]byte(`{"cmd":"aibot_msg_callback","headers":{"req_id":"r"},"body":{"msgid":"` + id + `","from":{"userid":"u"},"msgtype":"text","text":{"content":"x"}}}`))
		}
		say("early")
		s.take([]byte(`{"headers":{"req_id":"other"},"errcode":0}`))
		say("early too")
		if len(s.queues.active) > 0 {
			t.Error("heard before the subscription")
		}
		s.take([]byte(`{"headers":{"req_id":"sub"},` + row.answer + `}`))
		say("M1")
		s.queues.drain(time.Second)
		close(ids)
		var got []string
		for id := range ids {
			got = append(got, id)
		}
		if !slices.Equal(got, row.want) {
			t.Errorf("%s: heard %q, want %q", row.answer, got, row.want)
		}
	}
}

// A connection that another has replaced is still read: what the platform wrote to it
// meanwhile is heard, and answered by other ways.
func TestReplacedIsStillRead(t *testing.T) {
	t.Parallel()
	ids := make(chan string, 8)
	s := newSession(t, func(_ context.Context, m handlers.Message) (handlers.Content, error) {
		ids <- m.ID
		return handlers.Content{}, nil
	}, true)
	s.take([]byte(`{"cmd":"aibot_event_callback","headers":{"req_id":"r"},"body":{"msgtype":"event","event":{"eventtype":"disconnected_event"}}}`))
	if !s.ended() {
		t.Error("the session goes on")
	}
	s.take([]byte(`{"cmd":"aibot_msg_callback","headers":{"req_id":"r"},"body":{"msgid":"late","from":{"userid":"u"},"msgtype":"text","text":{"content":"x"}}}`))
	s.queues.drain(time.Second)
	if len(ids) != 1 {
		t.Errorf("%d messages were heard behind the kick", len(ids))
	}
}

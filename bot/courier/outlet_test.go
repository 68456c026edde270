package courier

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"juwei/bot/wecom"
	"juwei/config"
	"juwei/handlers"
	"juwei/store/storetest"
)

// fakeLine is a long connection, up or down.
type fakeLine struct{ up bool }

func (l fakeLine) Push(context.Context, string, bool, handlers.Content) error { return nil }
func (l fakeLine) Connected() bool                                            { return l.up }

func TestWhichChannelServesWhom(t *testing.T) {
	t.Parallel()
	street := &config.Street{Code: "s", Location: shanghai, Chats: []config.Chat{
		{Name: "有", ChatID: "g1", Webhook: "key"}, {Name: "无", ChatID: "g2"}, {Name: "未绑定"},
	}}
	dir := handlers.NewDirectory([]*config.Street{street})
	for _, row := range []struct {
		name string
		corp string
		line Line
		to   handlers.Target
		want []string // by hop; "-" = another replica's, then nobody
	}{
		{"a group with a key", "c", nil, "chat:有", []string{"webhook"}},
		{"and the long connection", "c", fakeLine{true}, "chat:有", []string{"webhook", "bot"}},
		{"a group without one", "c", nil, "chat:无", nil},
		{"and the long connection", "c", fakeLine{true}, "chat:无", []string{"bot"}},
		{"which is another replica's", "c", fakeLine{false}, "chat:无", []string{"-"}},
		{"a group nobody has bound", "c", fakeLine{true}, "chat:未绑定", nil},
		{"a group nobody knows", "c", fakeLine{true}, "chat:别的", nil},
		{"a person", "c", nil, "user:a", []string{"app"}},
		{"and the long connection", "c", fakeLine{true}, "user:a", []string{"app", "bot"}},
		{"without an app", "", fakeLine{true}, "user:a", []string{"bot"}},
		{"nothing at all", "", nil, "user:a", nil},
		{"neither", "c", fakeLine{true}, "x:a", nil},
	} {
		ways := Ways{Directory: dir, Corp: row.corp, Bot: "b", Line: row.line}
		var got []string
		for hop := range 4 {
			o, err := ways.Outlet(street, row.to, hop)
			if none := (*ErrNoOutlet)(nil); errors.As(err, &none) {
				if none.Why == "" {
					t.Errorf("%s: no reason", row.name)
				}
				break
			}
			if errors.Is(err, ErrNotHere) {
				o.Channel = "-"
			}
			got = append(got, o.Channel)
		}
		if strings.Join(got, " ") != strings.Join(row.want, " ") {
			t.Errorf("%s, %s: %q, want %q", row.name, row.to, got, row.want)
		}
	}
}

// The paces of the channels, just before and just after (WECOM.md §13).
func TestPacesOfTheChannels(t *testing.T) {
	t.Parallel()
	street := &config.Street{Code: "s", Location: shanghai, Chats: []config.Chat{{Name: "群", ChatID: "g1", Webhook: "key"}}}
	for _, row := range []struct {
		channel string
		to      handlers.Target
		hop     int
		limit   int // in a minute
	}{{"webhook", "chat:群", 0, 20}, {"app", "user:a", 0, 30}, {"bot", "user:a", 1, 30}} {
		t.Run(row.channel, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, storetest.Mini(t).Open(t))
			ways := Ways{Directory: handlers.NewDirectory([]*config.Street{street}), Corp: w.street.Code, Bot: w.street.Code, Line: fakeLine{true}}
			o, err := ways.Outlet(street, row.to, row.hop)
			if err != nil || o.Channel != row.channel {
				t.Fatalf("%+v, %v", o, err)
			}
			given := func(at time.Duration) int {
				n := 0
				for n < 100 {
					until, err := w.courier.permit(t.Context(), o, noon.Add(at))
					if err != nil {
						t.Fatal(err)
					}
					if !until.IsZero() {
						break
					}
					n++
				}
				return n
			}
			for _, step := range []struct {
				at   time.Duration
				want int
			}{{0, row.limit}, {time.Minute + slack - time.Millisecond, 0}, {time.Minute + slack, row.limit}} {
				if got := given(step.at); got != step.want {
					t.Errorf("%v: %d permits, want %d", step.at, got, step.want)
				}
			}
		})
	}
}

// An answer on the long connection takes its place in the conversation's pace, one in the
// app in the member's.
func TestAnswersCount(t *testing.T) {
	t.Parallel()
	st := storetest.Mini(t).Open(t)
	street := &config.Street{Code: "s", Location: shanghai, Chats: []config.Chat{{Name: "群", ChatID: "g1"}}}
	ways := Ways{Directory: handlers.NewDirectory([]*config.Street{street}), Corp: "c", Bot: "b", Line: fakeLine{true}}
	for _, row := range []struct {
		m   handlers.Message
		to  handlers.Target
		hop int
	}{
		{handlers.Message{Via: handlers.ViaBot, Chat: "g1", From: "a"}, "chat:群", 0},
		{handlers.Message{Via: handlers.ViaBot, From: "a"}, "user:a", 1},
		{handlers.Message{Via: handlers.ViaApp, From: "b"}, "user:b", 0},
	} {
		for range 30 {
			if err := ways.Answered(t.Context(), st, row.m, noon); err != nil {
				t.Fatal(err)
			}
		}
		o, err := ways.Outlet(street, row.to, row.hop)
		if err != nil {
			t.Fatal(err)
		}
		c := New(Options{Store: st})
		for _, at := range []time.Duration{time.Minute + slack - time.Millisecond, time.Minute + slack} {
			until, err := c.permit(t.Context(), o, noon.Add(at))
			if err != nil || until.IsZero() != (at == time.Minute+slack) {
				t.Errorf("%+v: %v after 30 answers a push may go at %v, %v", row.m, at, until, err)
			}
		}
	}
}

// What is said fits the channel to the byte, marks included, and a card stays a card.
func TestPartsFit(t *testing.T) {
	t.Parallel()
	o := Ways{Corp: "c"}.app("a")
	for n := wecom.LimitText - roomForMarks - 3; n < wecom.LimitText+3; n++ {
		text := strings.Repeat("字", n/3) + strings.Repeat("x", n%3)
		ps := o.Parts(handlers.Say(text))
		if (len(ps) == 1) != (n <= wecom.LimitText-roomForMarks) {
			t.Errorf("%d bytes make %d parts", n, len(ps))
		}
		for _, p := range ps {
			p = handlers.Marked(handlers.DrillMark, handlers.Marked(resentMark, p))
			if len(wecom.EscapeTags(p.Text)) > wecom.LimitText {
				t.Errorf("%d bytes: a part of %d", n, len(p.Text))
			}
		}
	}
	if ps := o.Parts(handlers.Say(strings.Repeat("<a", 800))); len(ps) != 2 {
		t.Errorf("what grows by escaping makes %d parts, want 2", len(ps))
	}
	card := handlers.Content{Text: strings.Repeat("字", 1000), Card: &handlers.Card{Task: "t", Title: "题", Body: "短"}}
	if ps := o.Parts(card); len(ps) != 1 || ps[0].Card == nil {
		t.Errorf("a card makes %d parts", len(ps))
	}
	card.Card.Body = ""
	if ps := o.Parts(card); len(ps) != 2 || ps[0].Card != nil {
		t.Errorf("a card that would be too long makes %d parts", len(ps))
	}
}

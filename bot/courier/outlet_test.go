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
	"juwei/store"
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
					until, err := w.courier.permit(t.Context(), o.Limits, noon.Add(at))
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
			until, err := c.permit(t.Context(), o.Limits, noon.Add(at))
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
	card := handlers.Content{Text: strings.Repeat("字", 1000), Card: &handlers.Card{
		Task: "t", Title: "题", Body: "短", Buttons: []handlers.Button{{Text: "收到", Line: "/收 1"}},
	}}
	if ps := o.Parts(card); len(ps) != 1 || ps[0].Card == nil {
		t.Errorf("a card makes %d parts", len(ps))
	}
	card.Card.Body = ""
	if ps := o.Parts(card); len(ps) != 2 || ps[0].Card != nil {
		t.Errorf("a card that would be too long makes %d parts", len(ps))
	}
	table := handlers.Content{Text: "| 居民区 | 在隔 |\n|---|---|" + strings.Repeat("\n| 梅园 | 12 |", 300), Markdown: true, MentionAll: true}
	ps := Ways{}.webhook("key").Parts(table)
	for i, p := range ps[:len(ps)-1] {
		if !p.Markdown || p.MentionAll || !strings.HasPrefix(p.Text, "| 居民区 | 在隔 |\n|---|---|\n") {
			t.Errorf("part %d of a table begins %.40q", i, p.Text)
		}
		p = handlers.Marked(handlers.DrillMark, handlers.Marked(resentMark, p))
		if len(p.Text) > wecom.LimitMarkdown {
			t.Errorf("part %d of a table has %d bytes", i, len(p.Text))
		}
	}
	if last := ps[len(ps)-1]; len(ps) < 3 || !last.MentionAll || last.Markdown {
		t.Errorf("a table that calls everybody makes %d parts and ends %+v", len(ps), last)
	}
}

// A file goes out as itself after its words, takes a place among the uploads too, and bears
// the mark of a repeat in its name.
func TestFilesGoOut(t *testing.T) {
	t.Parallel()
	o := Ways{Corp: "c"}.app("a")
	ps := o.Parts(handlers.Content{Text: "上周的表", File: &handlers.File{Name: "表.xlsx", Data: []byte("123456")}})
	if len(ps) != 2 || ps[0].Text != "上周的表" || ps[0].File != nil || ps[1].File == nil {
		t.Fatalf("words and a file make %+v", ps)
	}
	if a, b := len(o.limits(ps[0])), len(o.limits(ps[1])); b != a+1 {
		t.Errorf("words keep %d limits, a file %d", a, b)
	}
	if got := marked(&config.Street{}, ps[1], true).File.Name; got != "（重发）表.xlsx" || ps[1].File.Name != "表.xlsx" {
		t.Errorf("said again it is called %s", got)
	}
}

// Who waits for the corp's window keeps its own: asking again and again takes nothing.
func TestWaitingForTheCorpTakesNothing(t *testing.T) {
	t.Parallel()
	st := storetest.Mini(t).Open(t)
	c := New(Options{Store: st})
	corp := Limit{"corp:" + storetest.Street(t), []store.Window{{Span: time.Minute, Limit: 1}}}
	mine := Limit{"mine:" + storetest.Street(t), []store.Window{{Span: time.Hour, Limit: 2}}}
	if until, err := c.permit(t.Context(), []Limit{corp}, noon); err != nil || !until.IsZero() {
		t.Fatal(until, err)
	}
	for i := range 50 { // the first takes one place of its own
		at := noon.Add(time.Duration(i) * time.Second)
		if until, err := c.permit(t.Context(), []Limit{mine, corp}, at); err != nil || !until.Equal(noon.Add(time.Minute)) {
			t.Fatalf("after %d s: %v, %v", i, until, err)
		}
	}
	if until, err := c.permit(t.Context(), []Limit{mine, corp}, noon.Add(time.Minute)); err != nil || !until.IsZero() {
		t.Errorf("when the corp's window is free: %v, %v", until, err)
	}
	// The clock is put back by a day: what was known is from the future.
	if until, err := c.permit(t.Context(), []Limit{corp}, noon.Add(-24*time.Hour)); err != nil {
		t.Errorf("after the clock was put back: %v, %v", until, err)
	}
}

package sim

import (
	"encoding/json"
	"slices"
	"time"
)

// FromPush is the sender's name, in the transcript, of what a webhook or the app pushes.
const FromPush = "推送"

// The ways a message came into a chat.
const (
	viaPerson  = "person"  // somebody typed it
	viaReply   = "reply"   // the bot's or the app's answer to a callback
	viaWebhook = "webhook" // a group robot's post
	viaApp     = "app"     // message/send
	viaAppChat = "appchat" // appchat/send
	viaBot     = "bot"     // aibot_send_msg
)

// message is one entry of the transcript. Seq is global and rises; an entry that
// changes later (a stream, a card) keeps it.
type message struct {
	Seq      int64           `json:"seq"`
	Chat     string          `json:"chat"`
	At       string          `json:"at"`
	From     string          `json:"from"`
	Via      string          `json:"via"`
	MsgType  string          `json:"msgtype"`
	Text     string          `json:"text,omitempty"`
	Card     json.RawMessage `json:"card,omitempty"`
	File     *file           `json:"file,omitempty"`
	Quote    string          `json:"quote,omitempty"`
	Mentions []string        `json:"mentions"`
	MsgID    string          `json:"msgid,omitempty"`
	Done     string          `json:"done,omitempty"`    // the card's buttons are replaced by this word
	Pending  bool            `json:"pending,omitempty"` // a stream that is not finished
	Note     string          `json:"note,omitempty"`    // what the platform shows beside it, such as a timeout
	Rated    int             `json:"rated,omitempty"`   // what a person made of it: 1 accurate, 2 not, 3 took it back
	Rateable bool            `json:"rateable,omitempty"`

	feedback string // id under which it can be rated
}

// file is what the transcript shows of a picture or document.
type file struct {
	Name string `json:"name"`
	Size int    `json:"size,omitempty"`
	Src  string `json:"src,omitempty"` // where the page finds it
}

// transcript is everything said, and who listens to it as it happens.
type transcript struct {
	messages  []*message
	ids       map[string][]*message // by msgid: what a person sent, and its answers
	listeners map[chan event]bool
}

// event is one change, for the page.
type event struct {
	kind string
	data []byte
}

// add puts m at the end. The caller holds the simulator's lock.
func (t *transcript) add(now time.Time, m message) *message {
	m.Seq = int64(len(t.messages)) + 1
	m.At = stamp(now)
	if m.Mentions == nil {
		m.Mentions = []string{}
	}
	t.messages = append(t.messages, &m)
	if m.MsgID != "" {
		if t.ids == nil {
			t.ids = map[string][]*message{}
		}
		t.ids[m.MsgID] = append(t.ids[m.MsgID], &m)
	}
	t.publish("message", &m)
	return &m
}

// changed tells the listeners that m is not what it was.
func (t *transcript) changed(m *message) { t.publish("message", m) }

// after lists a chat's entries with a greater seq; "" means every chat.
func (t *transcript) after(chat string, seq int64) []message {
	out := []message{}
	for _, m := range t.messages[min(max(seq, 0), int64(len(t.messages))):] {
		if chat == "" || m.Chat == chat {
			out = append(out, *m)
		}
	}
	return out
}

// byMsgID finds what a person sent, or the answer to it.
func (t *transcript) byMsgID(chat, msgid, via string) *message {
	for _, m := range slices.Backward(t.ids[msgid]) {
		if m.Chat == chat && m.Via == via {
			return m
		}
	}
	return nil
}

// byTask finds the newest card with a task id in a chat.
func (t *transcript) byTask(chat, task string) *message {
	for _, m := range slices.Backward(t.messages) {
		if m.Chat == chat && m.Card != nil && taskOf(m.Card) == task {
			return m
		}
	}
	return nil
}

// listen gives a channel of changes; a listener that falls behind is dropped, its
// channel closed.
func (t *transcript) listen() chan event {
	if t.listeners == nil {
		t.listeners = map[chan event]bool{}
	}
	c := make(chan event, 4096)
	t.listeners[c] = true
	return c
}

func (t *transcript) unlisten(c chan event) { delete(t.listeners, c) }

func (t *transcript) publish(kind string, data any) {
	if len(t.listeners) == 0 {
		return
	}
	e := event{kind, encode(data)}
	for c := range t.listeners {
		select {
		case c <- e:
		default:
			delete(t.listeners, c)
			close(c)
		}
	}
}

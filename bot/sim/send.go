package sim

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// typed is what a person does in a chat: POST /sim/send.
type typed struct {
	Chat  string `json:"chat"` // a group's id, USERID, or app:USERID
	From  string `json:"from"`
	Text  string `json:"text"`
	Quote string `json:"quote"` // the quoted message's text
	MsgID string `json:"msgid"` // "" = a fresh one; one that was there before is a second delivery
	Kind  string `json:"kind"`  // text (default), voice, image, file, video, mixed, enter (or enter_chat); in the app's chat also location, link
	At    *bool  `json:"at"`    // false: a group message that does not mention the bot
	Data  []byte `json:"data"`  // content of an image, file or video, base64; default a small one
}

// pressed is a press of a card's button: POST /sim/click.
type pressed struct {
	Chat     string                     `json:"chat"`
	From     string                     `json:"from"`
	TaskID   string                     `json:"task_id"`
	Key      string                     `json:"key"`
	Selected map[string]json.RawMessage `json:"selected"` // question key → option id, or list of them
}

// delivery is what became of it.
type delivery struct {
	MsgID       string          `json:"msgid"`
	Status      int             `json:"status"`                // HTTP status of the callback; 0 = none was made, or it failed
	Reply       json.RawMessage `json:"reply,omitempty"`       // decrypted; an app's XML as JSON of the same names
	Error       string          `json:"error,omitempty"`       // the transport's failure
	Undelivered string          `json:"undelivered,omitempty"` // why the platform made no callback
	Violation   string          `json:"violation,omitempty"`   // what was wrong with the answer
	Tries       int             `json:"tries,omitempty"`
	Seq         int64           `json:"seq,omitempty"` // the person's entry in the transcript
}

// misuse is a call of the handle that makes no sense; the text is for people.
type misuse string

func (m misuse) Error() string { return string(m) }

// place is where something is said.
type place struct {
	app     bool
	group   bool
	id      string // of the transcript
	members []string
}

// placeOf finds the chat. A group nobody told the simulator about is a new one, and
// who writes in a group without being listed has just been added to it.
func (s *Sim) placeOf(chat, from string, pop Population) (place, error) {
	if from == "" || chat == "" || strings.HasPrefix(from, "app:") {
		return place{}, misuse("chat 和 from 都要写")
	}
	if user, ok := strings.CutPrefix(chat, "app:"); ok {
		if user != from {
			return place{}, misuse("应用的单聊只有本人能写：chat 和 from 要一致")
		}
		return place{app: true, id: chat}, nil
	}
	if chat == from {
		return place{id: chat}, nil
	}
	if _, ok := pop.person(chat); ok {
		return place{}, misuse("单聊只有本人能写：chat 和 from 要一致")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.group(chat, pop)
	if !slices.Contains(g.Members, from) {
		g.Members = append(slices.Clone(g.Members), from)
		s.groups[chat] = &g
	}
	return place{group: true, id: chat, members: g.Members}, nil
}

// group is a chat of the population with those who joined since, or a new one. The
// caller holds mu.
func (s *Sim) group(id string, pop Population) Chat {
	out := Chat{ID: id, Name: id, Members: []string{}}
	for _, c := range pop.Chats {
		if c.ID == id {
			out = c
			out.Members = orEmpty(c.Members)
		}
	}
	if g := s.appGroups[id]; g != nil {
		out = g.Chat
	}
	if joined := s.groups[id]; joined != nil {
		for _, m := range joined.Members {
			if !slices.Contains(out.Members, m) {
				out.Members = append(slices.Clone(out.Members), m)
			}
		}
	}
	return out
}

// send does what the platform does when a person types.
func (s *Sim) send(ctx context.Context, in typed) (delivery, error) {
	pop := s.o.House.Population()
	at, err := s.placeOf(in.Chat, in.From, pop)
	if err != nil {
		return delivery{}, err
	}
	switch in.Kind {
	case "":
		in.Kind = "text"
	case "enter_chat": // as the platform calls the event
		in.Kind = "enter"
	}
	if !slices.Contains([]string{"text", "voice", "image", "file", "video", "mixed", "enter", "location", "link"}, in.Kind) {
		return delivery{}, misuse("不认识的 kind：" + in.Kind + "，有 text、voice、image、file、video、mixed、enter（进入会话）、location、link")
	}
	mention := at.group && in.Kind != "enter" && (in.At == nil || *in.At)
	if name := "@" + pop.Bot; mention && !strings.HasPrefix(in.Text, name) {
		in.Text = name + s.o.Switches.Mention + in.Text
	}
	if in.MsgID == "" {
		in.MsgID = newMsgID(at.app)
	}
	if slices.Contains([]string{"image", "file", "video"}, in.Kind) && len(in.Data) == 0 {
		in.Data = []byte("示范文件 " + fileName(in))
	}
	it, seq := s.say(at, in, mention, pop)
	if why := s.undeliverable(at, in, mention); why != "" {
		return delivery{MsgID: in.MsgID, Undelivered: why, Seq: seq}, s.settleAfter(ctx)
	}
	if in.Kind != "enter" {
		defer s.interacting(ctx, in, seq == 0)()
	}
	var out delivery
	if at.app {
		out = s.callApp(ctx, it, s.appBody(it, in))
	} else {
		out = s.callBot(ctx, it, s.botBody(it, at, in))
	}
	out.Seq = seq
	return out, s.settleAfter(ctx)
}

// say puts what was typed into the transcript, unless it is a second delivery.
func (s *Sim) say(at place, in typed, mention bool, pop Population) (it *interaction, seq int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	it = &interaction{kind: kindMessage, chat: at.id, group: at.group, user: in.From, text: in.Text, msgid: in.MsgID, at: s.now, replied: make(chan struct{})}
	if in.Kind == "enter" {
		it.kind = kindEnter
		return it, 0
	}
	if first := s.book.byMsgID(at.id, in.MsgID, viaPerson); first != nil {
		it.text = first.Text
		return it, 0
	}
	m := message{Chat: at.id, From: in.From, Via: viaPerson, MsgType: in.Kind, Text: in.Text, Quote: in.Quote, MsgID: in.MsgID}
	if mention {
		m.Mentions = []string{pop.Bot}
	}
	if in.Kind == "image" || in.Kind == "file" || in.Kind == "video" {
		it.media = s.store(stored{kind: in.Kind, name: fileName(in), data: in.Data, owner: "app"})
		m.Text, m.File = "", s.showFile(it.media)
	}
	if !at.app {
		s.talked[at.id] = s.talked[at.id] || !at.group || mention
	}
	return it, s.book.add(s.now, m).Seq
}

// undeliverable says why the platform keeps a message to itself, or "".
func (s *Sim) undeliverable(at place, in typed, mention bool) string {
	switch {
	case at.app:
		return ""
	case in.Kind == "location" || in.Kind == "link":
		return "机器人收不到这种消息"
	case at.group && !mention:
		return "没有@机器人"
	case at.group && in.Kind != "text" && in.Kind != "mixed":
		return "群里只有文字和图文会送到机器人"
	case in.Kind == "enter":
		s.mu.Lock()
		defer s.mu.Unlock()
		day := s.now.Format(time.DateOnly)
		if s.entered[in.From] == day {
			return "今天已经进入过会话"
		}
		s.entered[in.From] = day
	}
	return ""
}

// interacting takes one of the person's three slots of messages in interaction,
// waiting for one if need be, and returns how to give it back. A second delivery is
// no new interaction.
func (s *Sim) interacting(ctx context.Context, in typed, again bool) func() {
	if again {
		return func() {}
	}
	s.mu.Lock()
	slots := s.busy[in.From]
	if slots == nil {
		slots = make(chan bool, maxInFlight)
		s.busy[in.From] = slots
	}
	s.mu.Unlock()
	select {
	case slots <- true:
		return func() { <-slots }
	case <-ctx.Done():
		return func() {}
	}
}

// settleAfter lets the house deliver what a message caused, before its call returns.
// A house that fails does not make the message fail.
func (s *Sim) settleAfter(ctx context.Context) error {
	if err := s.settle(ctx); err != nil {
		s.log.Warn("settle after message failed", "err", err)
	}
	return nil
}

// botBody is the callback of WECOM §3.2 for what was typed.
func (s *Sim) botBody(it *interaction, at place, in typed) callback {
	s.mu.Lock()
	defer s.mu.Unlock()
	body := callback{
		"msgid": it.msgid, "aibotid": s.tenant.BotID, "chattype": "single",
		"from": map[string]string{"userid": s.nameToBot(it.user)}, "msgtype": in.Kind, "create_time": it.at.Unix(),
	}
	if at.group {
		body["chattype"], body["chatid"] = "group", at.id
	}
	if in.Quote != "" {
		body["quote"] = map[string]any{"msgtype": "text", "text": content{Content: in.Quote}}
	}
	switch in.Kind {
	case "text", "voice":
		body[in.Kind] = content{Content: it.text}
	case "image", "file", "video":
		body[in.Kind] = s.mediaOf(in)
	case "mixed":
		body["mixed"] = map[string]any{"msg_item": []any{
			map[string]any{"msgtype": "text", "text": content{Content: it.text}},
			map[string]any{"msgtype": "image", "image": s.mediaOf(in)},
		}}
	case "enter":
		body["msgtype"], body["event"] = "event", map[string]any{"eventtype": kindEnter, kindEnter: struct{}{}}
	}
	return body
}

// mediaOf stores what was sent under a key: the bot's in URL mode, its own over the
// long connection. The caller holds mu.
func (s *Sim) mediaOf(in typed) map[string]string {
	data := in.Data
	if len(data) == 0 { // the picture between the words of a mixed message
		data = []byte("示范文件 " + fileName(in))
	}
	if s.line == nil {
		return map[string]string{"url": s.keep(fileName(in), data, s.botKey)}
	}
	key := []byte(alnum(32))
	return map[string]string{"url": s.keep(fileName(in), data, key), "aeskey": base64.StdEncoding.EncodeToString(key)}
}

func fileName(in typed) string {
	if in.Text != "" && in.Kind != "mixed" {
		return in.Text
	}
	return map[string]string{"image": "图片.jpg", "mixed": "图片.jpg", "video": "视频.mp4"}[in.Kind]
}

// appBody is the XML of WECOM §9.5 for what was typed.
func (s *Sim) appBody(it *interaction, in typed) []element {
	id := element{name: "MsgId", text: it.msgid, bare: digits(it.msgid)}
	medium := element{name: "MediaId", text: it.media}
	if it.media == "" {
		medium.text = alnum(48)
	}
	switch in.Kind {
	case "enter":
		return s.appFields(it, "event", element{name: "Event", text: "enter_agent"}, element{name: "EventKey"})
	case "voice":
		return s.appFields(it, "voice", medium, element{name: "Format", text: "amr"}, id)
	case "image":
		return s.appFields(it, "image", element{name: "PicUrl", text: "https://example.invalid/" + alnum(8)}, medium, id)
	case "video":
		return s.appFields(it, "video", medium, element{name: "ThumbMediaId", text: alnum(48)}, id)
	case "file":
		return s.appFields(it, "file", medium, id)
	case "location":
		return s.appFields(it, "location", element{name: "Location_X", text: "31.23", bare: true}, element{name: "Location_Y", text: "121.47", bare: true},
			element{name: "Scale", text: "15", bare: true}, element{name: "Label", text: in.Text}, element{name: "AppType", text: "wxwork"}, id)
	case "link":
		return s.appFields(it, "link", element{name: "Title", text: in.Text}, element{name: "Description", text: in.Text},
			element{name: "Url", text: "https://example.invalid/"}, element{name: "PicUrl", text: ""}, id)
	}
	return s.appFields(it, "text", element{name: "Content", text: it.text}, id)
}

// click does what the platform does when a person presses a card's button.
func (s *Sim) click(ctx context.Context, in pressed) (delivery, error) {
	pop := s.o.House.Population()
	s.mu.Lock()
	pressedCard := s.book.byTask(in.Chat, in.TaskID)
	var card card
	if pressedCard != nil {
		card = readCard(pressedCard.Card)
	}
	s.mu.Unlock()
	if pressedCard == nil || in.TaskID == "" { // before the chat is looked up: that would open a group nobody has
		return delivery{}, misuse("这个会话里没有这张卡片")
	}
	at, err := s.placeOf(in.Chat, in.From, pop)
	if err != nil {
		return delivery{}, err
	}
	s.mu.Lock()
	it := &interaction{kind: kindCard, chat: at.id, group: at.group, user: in.From, at: s.now, card: pressedCard, replied: make(chan struct{})}
	s.mu.Unlock()
	if !card.has(in.Key) {
		return delivery{}, misuse("这张卡片上没有这个按钮")
	}
	chosen, err := options(in.Selected)
	if err != nil {
		return delivery{}, err
	}
	var out delivery
	if at.app {
		out = s.callApp(ctx, it, s.pressFields(it, card, in, chosen))
	} else {
		it.msgid = newMsgID(false)
		out = s.callBot(ctx, it, s.pressBody(it, at, card, in, chosen))
	}
	return out, s.settleAfter(ctx)
}

// choice is what was selected for one of a card's questions.
type choice struct {
	question string
	options  []string
}

func options(selected map[string]json.RawMessage) ([]choice, error) {
	var out []choice
	for q, raw := range selected {
		var list []string
		var one string
		if json.Unmarshal(raw, &one) == nil {
			list = []string{one}
		} else if json.Unmarshal(raw, &list) != nil {
			return nil, misuse("selected 的值是选项 id 或它们的列表")
		}
		out = append(out, choice{q, list})
	}
	slices.SortFunc(out, func(a, b choice) int { return strings.Compare(a.question, b.question) })
	return out, nil
}

func (s *Sim) pressBody(it *interaction, at place, c card, in pressed, chosen []choice) callback {
	event := map[string]any{"card_type": c.CardType, "event_key": in.Key, "task_id": c.TaskID}
	if len(chosen) > 0 {
		items := []any{}
		for _, q := range chosen {
			items = append(items, map[string]any{"question_key": q.question, "option_ids": map[string]any{"option_id": q.options}})
		}
		event["selected_items"] = map[string]any{"selected_item": items}
	}
	body := callback{
		"msgid": it.msgid, "aibotid": s.tenant.BotID, "chattype": "single", "create_time": it.at.Unix(),
		"from": map[string]string{"userid": s.nameToBot(it.user)}, "msgtype": "event",
		"event": map[string]any{"eventtype": kindCard, kindCard: event},
	}
	if at.group {
		body["chattype"], body["chatid"] = "group", at.id
	}
	return body
}

func (s *Sim) pressFields(it *interaction, c card, in pressed, chosen []choice) []element {
	s.mu.Lock()
	code := s.newResponseCode(s.sameCard(it.card))
	s.mu.Unlock()
	fields := []element{
		{name: "Event", text: kindCard}, {name: "EventKey", text: in.Key}, {name: "TaskId", text: c.TaskID},
		{name: "CardType", text: c.CardType}, {name: "ResponseCode", text: code},
	}
	if len(chosen) > 0 {
		items := element{name: "SelectedItems"}
		for _, q := range chosen {
			ids := element{name: "OptionIds"}
			for _, o := range q.options {
				ids.children = append(ids.children, element{name: "OptionId", text: o})
			}
			items.children = append(items.children, element{name: "SelectedItem", children: []element{{name: "QuestionKey", text: q.question}, ids}})
		}
		fields = append(fields, items)
	}
	return s.appFields(it, "event", fields...)
}

// sameCard lists the entries of one sent card: everybody's copy of it.
func (s *Sim) sameCard(m *message) []*message {
	var out []*message
	task := taskOf(m.Card)
	for _, e := range s.book.messages {
		if e.Via == viaApp && e.Card != nil && taskOf(e.Card) == task {
			out = append(out, e)
		}
	}
	return out
}

// newMsgID is a 64-bit number for the app, letters for the bot, as they really are.
func newMsgID(app bool) string {
	if app {
		return strconv.FormatInt(7_000_000_000_000_000_000+rand.Int64N(2_000_000_000_000_000_000), 10)
	}
	return fmt.Sprintf("CAI%s", alnum(29))
}

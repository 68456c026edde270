package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// Limits of the long connection (doc 101463).
const (
	convPerMinute = 30
	convPerHour   = 1000
	reqIDLife     = 24 * time.Hour
	eventWindow   = 5 * time.Second
	maxReqID      = 256
	wsPingEvery   = 30 * time.Second
	chatSingle    = 1
	chatGroup     = 2
)

// frame is one text frame, either way:
//
//	{"cmd":"aibot_subscribe","headers":{"req_id":"r"},"body":{"bot_id":"…","secret":"…"}}
//
// An ack has no cmd: {"headers":{"req_id":"r"},"errcode":0,"errmsg":"ok"}.
type frame struct {
	Cmd     string `json:"cmd"`
	Headers struct {
		ReqID string `json:"req_id"`
	} `json:"headers"`
	Body json.RawMessage `json:"body"`
}

// conn is one socket of a bot.
type conn struct {
	ws         *websocket.Conn
	subscribed bool                    // guarded by Sim.mu, as is reqs
	reqs       map[string]*interaction // callbacks delivered on this connection
	gone       <-chan struct{}         // closed when the connection has ended
	chunks     int                     // of uploads, accepted and not yet acked
}

func (s *Sim) serveLongConn(w http.ResponseWriter, r *http.Request) {
	if struck := s.strikeIf(func(f *fault) bool { return f.Endpoint == "ws" && f.Kind == faultHTTP }); struck != nil {
		http.Error(w, "refused", struck.Value)
		return
	}
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has answered
	}
	ws.SetReadLimit(maxBody)
	ctx, cancel := context.WithCancel(s.ctx)
	c := &conn{ws: ws, reqs: map[string]*interaction{}, gone: ctx.Done()}
	s.mu.Lock()
	s.conns[c] = true
	s.mu.Unlock()
	s.spawn(func() { s.keepAlive(ctx, c) })
	defer func() {
		cancel()
		ws.CloseNow()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.conns, c)
		if s.line == c {
			s.line = nil
		}
	}()
	for {
		read, stop := context.WithTimeout(ctx, s.o.Switches.Idle)
		_, data, err := ws.Read(read)
		stop()
		if err != nil {
			return
		}
		s.serveFrame(ctx, c, data)
	}
}

// keepAlive sends the pings of the WebSocket itself; a client library answers them.
func (s *Sim) keepAlive(ctx context.Context, c *conn) {
	tick := time.NewTicker(wsPingEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			ping, stop := context.WithTimeout(ctx, wsPingEvery)
			err := c.ws.Ping(ping)
			stop()
			if err != nil {
				return
			}
		}
	}
}

func (s *Sim) serveFrame(ctx context.Context, c *conn, data []byte) {
	var f frame
	if err := json.Unmarshal(data, &f); err != nil || len(f.Headers.ReqID) > maxReqID {
		s.record("WS", "", nil, 40058, nil)
		s.ack(ctx, c, "", refuse(40058, "malformed frame"))
		return
	}
	if f.Cmd == "ping" {
		s.ack(ctx, c, f.Headers.ReqID, accepted)
		return
	}
	struck := s.strikeIf(func(x *fault) bool {
		return x.Kind != faultHTTP && (x.Endpoint == "ws" || x.Endpoint == "ws/"+f.Cmd)
	})
	if struck != nil && struck.Kind == faultReset {
		s.record("WS", f.Cmd, withoutSecret(f), 0, struck)
		c.ws.CloseNow()
		return
	}
	v, it, kicked := accepted, (*interaction)(nil), (*conn)(nil)
	acked := func() { s.acked(c, f, v) }
	if struck != nil && struck.Kind == faultErrcode {
		v = refuse(struck.Value, "scripted")
		if struck.Value == 846609 {
			s.unsubscribe(c)
		}
	} else {
		v, it, kicked = s.command(c, f)
	}
	s.record("WS", f.Cmd, withoutSecret(f), v.code, struck)
	switch {
	case struck != nil && struck.Kind == faultDrop:
		s.landed(it)
	case struck != nil && struck.Kind == faultLatency:
		s.spawn(func() { // later frames are read meanwhile: acks may come out of order, as they do
			pause(ctx, struck)
			s.landed(it)
			acked()
			s.ack(ctx, c, f.Headers.ReqID, v)
		})
	default:
		s.landed(it)
		acked()
		s.ack(ctx, c, f.Headers.ReqID, v)
	}
	if f.Cmd == "aibot_subscribe" {
		s.subscribed(c, v)
	}
	if kicked != nil {
		s.kick(ctx, kicked)
	}
}

// acked ends the flight of an upload's chunk.
func (s *Sim) acked(c *conn, f frame, v verdict) {
	if f.Cmd != "aibot_upload_media_chunk" || v.code != 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.chunks--
}

// subscribed does what follows a subscription's ack.
func (s *Sim) subscribed(c *conn, v verdict) {
	if v.code != 0 {
		if v.code == 853000 && s.o.Switches.CloseOnBadSecret {
			s.spawn(func() { c.ws.Close(websocket.StatusPolicyViolation, "") })
		}
		return
	}
	s.mu.Lock()
	missed := s.missed
	s.missed = nil
	s.mu.Unlock()
	for _, deliver := range missed {
		s.spawn(deliver)
	}
}

// command carries out one frame. The interaction it returns is in flight until landed.
func (s *Sim) command(c *conn, f frame) (v verdict, it *interaction, kicked *conn) {
	pop := s.o.House.Population()
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Cmd == "aibot_subscribe" {
		v, kicked = s.subscribe(c, f)
		return v, nil, kicked
	}
	if !c.subscribed {
		return refuse(846609, ""), nil, nil
	}
	switch f.Cmd {
	case "aibot_respond_msg":
		v, it = s.respondMsg(c, f, pop.Bot)
	case "aibot_respond_welcome_msg":
		v = s.respondWelcome(c, f, pop.Bot)
	case "aibot_respond_update_msg":
		v = s.respondUpdate(c, f)
	case "aibot_send_msg":
		v = s.sendMsg(f, pop)
	case "aibot_upload_media_init":
		v = s.uploadInit(f)
	case "aibot_upload_media_chunk":
		if v = s.uploadChunk(c, f); v.code == 0 {
			c.chunks++
		}
	case "aibot_upload_media_finish":
		v = s.uploadFinish(f)
	default:
		v = refuse(40058, "unknown cmd")
	}
	return v, it, nil
}

func (s *Sim) subscribe(c *conn, f frame) (v verdict, kicked *conn) {
	var in struct {
		BotID  string `json:"bot_id"`
		Secret string `json:"secret"`
	}
	if v, ok := decode(f.Body, &in); !ok {
		return v, nil
	}
	if n := s.o.Switches.SubscribeLimit; n > 0 && !s.meterOf("subscribe", window{limit: n, span: time.Minute}).take(s.now) {
		return refuse(45009, ""), nil
	}
	if in.BotID != s.tenant.BotID || in.Secret != s.tenant.BotSecret {
		return refuse(853000, ""), nil
	}
	if s.line != c {
		kicked = s.line
	}
	if kicked != nil {
		kicked.subscribed = false
	}
	s.line, c.subscribed = c, true
	return accepted, kicked
}

// unsubscribe loses the subscription while the socket stays up, as happens.
func (s *Sim) unsubscribe(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.subscribed = false
	if s.line == c {
		s.line = nil
	}
}

// kick tells a connection that a newer one has taken over, and closes it.
func (s *Sim) kick(ctx context.Context, old *conn) {
	body := callback{"msgid": newMsgID(false), "create_time": s.Now().Unix(), "aibotid": s.tenant.BotID,
		"msgtype": "event", "event": map[string]string{"eventtype": "disconnected_event"}}
	s.write(ctx, old, "aibot_event_callback", alnum(20), body)
	if !s.o.Switches.KickedLingers {
		s.spawn(func() { old.ws.Close(websocket.StatusNormalClosure, "kicked") })
	}
}

// interactionOf finds the callback a frame answers, delivered on this connection.
func (s *Sim) interactionOf(c *conn, f frame, kind string, life time.Duration) *interaction {
	it := c.reqs[f.Headers.ReqID]
	if it == nil && s.o.Switches.StaleReqIDs {
		it = s.stale[f.Headers.ReqID]
	}
	if it == nil || it.kind != kind || !s.now.Before(it.at.Add(life)) {
		return nil
	}
	return it
}

func (s *Sim) respondMsg(c *conn, f frame, bot string) (verdict, *interaction) {
	it := s.interactionOf(c, f, kindMessage, reqIDLife)
	if it == nil {
		return refuse(846605, ""), nil
	}
	if it.flying {
		return refuse(6000, "a frame of this req_id is not acked yet"), nil
	}
	var a answer
	if v, ok := decode(f.Body, &a); !ok {
		return v, nil
	}
	if a.MsgType == "text" {
		return refuse(40008, ""), nil
	}
	if v := a.check(); v.code != 0 {
		return v, nil
	}
	if v := s.find(&a); v.code != 0 {
		return v, nil
	}
	counts := true
	if a.Stream != nil && it.stream != "" {
		switch {
		case it.stream != a.Stream.ID:
			return refuse(40058, "stream.id changed"), nil
		case it.ended || !s.now.Before(it.first.Add(s.o.Switches.StreamLife)):
			return refuse(846608, ""), nil
		}
		counts = s.o.Switches.CountFrames
	}
	if counts && !s.conversation(it.chat).take(s.now) {
		return refuse(s.o.Switches.OverLimit, ""), nil
	}
	s.show(it, a, bot)
	it.hear(f.Body, a.Stream == nil || it.ended)
	it.flying = true
	return accepted, it
}

// landed ends the flight of an interaction's frame: it is acked.
func (s *Sim) landed(it *interaction) {
	if it == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	it.flying = false
}

// hear keeps the newest reply for /sim/send, which waits for the last of it.
func (it *interaction) hear(body json.RawMessage, last bool) {
	select {
	case <-it.replied: // a further reply: /sim/send has its answer
		return
	default:
	}
	it.reply = body
	if last {
		close(it.replied)
	}
}

func (s *Sim) respondWelcome(c *conn, f frame, bot string) verdict {
	it := s.interactionOf(c, f, kindEnter, eventWindow)
	if it == nil {
		return refuse(846605, "")
	}
	v := s.hear(it, f.Body, false, bot)
	if v.code == 0 {
		it.hear(f.Body, true)
	}
	return v
}

func (s *Sim) respondUpdate(c *conn, f frame) verdict {
	it := s.interactionOf(c, f, kindCard, eventWindow)
	if it == nil {
		return refuse(846605, "")
	}
	v := s.hearUpdate(it, f.Body)
	if v.code == 0 {
		it.hear(f.Body, true)
	}
	return v
}

// sendMsg is the active push: aibot_send_msg {"chatid","chat_type","msgtype",…}.
func (s *Sim) sendMsg(f frame, pop Population) verdict {
	var in struct {
		answer
		ChatID   string `json:"chatid"`
		ChatType int    `json:"chat_type"`
	}
	if v, ok := decode(f.Body, &in); !ok {
		return v
	}
	if in.ChatID == "" {
		return refuse(86201, "")
	}
	switch in.MsgType {
	case "markdown", "template_card", "image", "file", "voice", "video":
	default:
		return refuse(40008, "")
	}
	if v := in.answer.check(); v.code != 0 {
		return v
	}
	if v := s.find(&in.answer); v.code != 0 {
		return v
	}
	chat := in.ChatID
	if i := slices.IndexFunc(pop.People, func(p Person) bool { return s.openUserID(p.ID) == chat }); i >= 0 {
		chat = pop.People[i].ID
	}
	group := s.isGroup(chat, pop)
	if !s.talked[chat] || (in.ChatType == chatSingle && group) || (in.ChatType == chatGroup && !group) {
		return refuse(93006, "")
	}
	if in.MsgType == "template_card" && group && !s.o.Switches.CardsInGroups {
		return refuse(40058, "template_card is for single chats")
	}
	if !s.conversation(chat).take(s.now) {
		return refuse(s.o.Switches.OverLimit, "")
	}
	m := in.answer.entry()
	m.Chat, m.From, m.Via = chat, pop.Bot, viaBot
	if m.Card != nil {
		s.seenTask("aibot", taskOf(m.Card))
	}
	s.book.add(s.now, m)
	return accepted
}

func (s *Sim) isGroup(id string, pop Population) bool {
	return s.groups[id] != nil || slices.ContainsFunc(pop.Chats, func(c Chat) bool { return c.ID == id })
}

// conversation is the window that replies and pushes of one chat share.
func (s *Sim) conversation(chat string) *meter {
	return s.meterOf("conversation:"+chat, window{limit: convPerMinute, span: time.Minute}, window{limit: convPerHour, span: time.Hour})
}

// callLine delivers a callback over the long connection and waits for the reply.
func (s *Sim) callLine(ctx context.Context, c *conn, it *interaction, body callback) delivery {
	reqID := alnum(24)
	s.mu.Lock()
	c.reqs[reqID] = it
	if s.o.Switches.StaleReqIDs {
		s.stale[reqID] = it
	}
	s.mu.Unlock()
	cmd := "aibot_msg_callback"
	if it.kind != kindMessage {
		cmd = "aibot_event_callback"
	}
	out := delivery{MsgID: it.msgid, Tries: 1}
	if err := s.write(ctx, c, cmd, reqID, body); err != nil {
		s.mu.Lock()
		next := s.line
		s.mu.Unlock()
		if next != nil && next != c { // taken over meanwhile: it goes to the newest connection
			return s.callLine(ctx, next, it, body)
		}
		out.Error = "长连接断了"
		return out
	}
	out.Status = http.StatusOK
	if it.kind == kindRating {
		return out // there is no answer to wait for
	}
	wait, stop := context.WithTimeout(ctx, s.o.Wait)
	defer stop()
	select {
	case <-it.replied:
	case <-c.gone:
		out.Status, out.Error = 0, "长连接断了"
	case <-wait.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out.Reply = it.reply
	return out
}

func (s *Sim) write(ctx context.Context, c *conn, cmd, reqID string, body any) error {
	data := encode(map[string]any{"cmd": cmd, "headers": map[string]string{"req_id": reqID}, "body": body})
	if s.o.Switches.ControlChars {
		data = bytes.Replace(data, []byte(`"content":"`), []byte("\"content\":\"\x01"), 1)
	}
	ctx, cancel := context.WithTimeout(ctx, s.o.Callback)
	defer cancel()
	return c.ws.Write(ctx, websocket.MessageText, data)
}

func (s *Sim) ack(ctx context.Context, c *conn, reqID string, v verdict) {
	headers := map[string]string{}
	if reqID != "" && !(v.code == 40058 && s.o.Switches.NoReqIDOn40058) {
		headers["req_id"] = reqID
	}
	ctx, cancel := context.WithTimeout(ctx, s.o.Callback)
	defer cancel()
	answer := map[string]any{"headers": headers, "errcode": v.code, "errmsg": v.message("127.0.0.1")}
	if v.more != nil {
		answer["body"] = v.more
	}
	data := encode(answer)
	if err := c.ws.Write(ctx, websocket.MessageText, data); err != nil {
		s.log.Debug("ack not written", "err", err)
	}
}

// withoutSecret is a frame's body as it may be recorded.
func withoutSecret(f frame) []byte {
	if !strings.HasSuffix(f.Cmd, "_subscribe") {
		return f.Body
	}
	var in map[string]any
	if json.Unmarshal(f.Body, &in) != nil {
		return nil
	}
	delete(in, "secret")
	return encode(in)
}

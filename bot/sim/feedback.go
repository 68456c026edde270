package sim

import (
	"context"
	"net/http"
)

// rating is a person's opinion of an answer: POST /sim/feedback. It reaches the bot as a
// feedback_event (doc 101027), to which there is no answer.
type rating struct {
	Chat    string `json:"chat"`
	From    string `json:"from"`
	Seq     int64  `json:"seq"`  // of the answer, which must carry a feedback id
	Type    int    `json:"type"` // 1 accurate, 2 inaccurate, 3 withdrawn
	Content string `json:"content"`
	Reasons []int  `json:"reasons"` // 1 irrelevant, 2 incomplete, 3 wrong, 4 flawed analysis
}

func (s *Sim) postFeedback(w http.ResponseWriter, r *http.Request) {
	var in rating
	if !s.read(w, r, &in) {
		return
	}
	ctx, cancel := unhurried(r)
	defer cancel()
	out, err := s.rate(ctx, in)
	s.answer(w, out, err)
}

// rate does what the platform does when a person rates an answer.
func (s *Sim) rate(ctx context.Context, in rating) (delivery, error) {
	s.mu.Lock()
	i := in.Seq - 1
	known := i >= 0 && i < int64(len(s.book.messages)) && s.book.messages[i].Chat == in.Chat
	s.mu.Unlock()
	if !known { // before the chat is looked up: that would open a group nobody has
		return delivery{}, misuse("这条消息不能评价")
	}
	at, err := s.placeOf(in.Chat, in.From, s.o.House.Population())
	if err != nil {
		return delivery{}, err
	}
	if in.Type < 1 || in.Type > 3 {
		return delivery{}, misuse("type 是 1（准确）、2（不准确）或 3（取消）")
	}
	s.mu.Lock()
	var rated *message
	if i := in.Seq - 1; i >= 0 && i < int64(len(s.book.messages)) {
		rated = s.book.messages[i]
	}
	if rated == nil || rated.Chat != at.id || rated.feedback == "" {
		s.mu.Unlock()
		return delivery{}, misuse("这条消息不能评价")
	}
	rated.Rated = in.Type
	s.book.changed(rated)
	it := &interaction{kind: kindRating, chat: at.id, group: at.group, user: in.From, msgid: newMsgID(false), at: s.now, replied: make(chan struct{})}
	event := map[string]any{"id": rated.feedback, "type": in.Type}
	if in.Content != "" {
		event["content"] = in.Content
	}
	if len(in.Reasons) > 0 {
		event["inaccurate_reason_list"] = in.Reasons
	}
	body := callback{
		"msgid": it.msgid, "aibotid": s.tenant.BotID, "chattype": "single", "create_time": it.at.Unix(),
		"from": map[string]string{"userid": s.nameToBot(it.user)}, "msgtype": "event",
		"event": map[string]any{"eventtype": kindRating, kindRating: event},
	}
	if at.group {
		body["chattype"], body["chatid"] = "group", at.id
	}
	s.mu.Unlock()
	out := s.callBot(ctx, it, body)
	return out, s.settleAfter(ctx)
}

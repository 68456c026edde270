package sim

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of the app's own groups (docs 90244, 90245, 90248).
const (
	appChatName      = 50 // characters
	appChatLeast     = 2
	appChatMost      = 2000
	appChatsPerDay   = 1000
	appChatChanges   = 1000 // an hour
	appChatPerMinute = 20_000
	appChatPerHour   = 150_000 // the smallest corp's
	memberPerMinute  = 200
	memberPerDay     = 10_000
)

var appChatID = regexp.MustCompile(`^[0-9A-Za-z]{1,32}$`)

// appGroup is a group the app made. Nobody sees it before its first message.
type appGroup struct {
	Chat
	owner string
	seen  bool
}

// appChatCreate: POST appchat/create {"name","owner","userlist","chatid"}.
func (s *Sim) appChatCreate(c call) verdict {
	var in struct {
		Name   string   `json:"name"`
		Owner  string   `json:"owner"`
		Users  []string `json:"userlist"`
		ChatID string   `json:"chatid"`
	}
	if v, ok := decode(c.body, &in); !ok {
		return v
	}
	if in.ChatID == "" {
		in.ChatID = alnum(32)
	}
	switch {
	case utf8.RuneCountInString(in.Name) > appChatName:
		return refuse(86004, "")
	case !appChatID.MatchString(in.ChatID):
		return refuse(86001, "")
	case s.appGroups[in.ChatID] != nil || s.isGroup(in.ChatID, c.pop):
		return refuse(86215, "")
	}
	g := &appGroup{Chat: Chat{ID: in.ChatID, Name: in.Name, Kind: "应用群"}}
	if g.Name == "" {
		g.Name = "群聊"
	}
	if v := g.become(in.Users, in.Owner, c.pop); v.code != 0 {
		return v
	}
	if !s.meterOf("appchat/create:"+s.now.Format(time.DateOnly), window{limit: appChatsPerDay, span: 24 * time.Hour}).take(s.now) {
		return refuse(45009, "groups a day")
	}
	s.appGroups[in.ChatID] = g
	return verdict{more: map[string]any{"chatid": in.ChatID}}
}

// become sets members and owner, or says why not.
func (g *appGroup) become(users []string, owner string, pop Population) verdict {
	var members []string
	for _, id := range users {
		p, ok := pop.person(id)
		if !ok {
			return refuse(86007, "%s", id)
		}
		if !slices.Contains(members, p.ID) {
			members = append(members, p.ID)
		}
	}
	if n := len(members); n < appChatLeast || n > appChatMost {
		return refuse(86006, "")
	}
	if owner == "" {
		owner = members[0]
	}
	p, ok := pop.person(owner)
	switch {
	case !ok:
		return refuse(86005, "")
	case !slices.Contains(members, p.ID):
		return refuse(86207, "")
	}
	g.Members, g.owner = members, p.ID
	return accepted
}

// appGroupOf finds a group of the app, or says what is wrong with the id.
func (s *Sim) appGroupOf(id string, pop Population) (*appGroup, verdict) {
	switch g := s.appGroups[id]; {
	case id == "":
		return nil, refuse(86201, "")
	case g != nil:
		return g, accepted
	case s.isGroup(id, pop):
		return nil, refuse(86008, "")
	}
	return nil, refuse(86003, "")
}

// appChatUpdate: POST appchat/update; what is not named stays.
func (s *Sim) appChatUpdate(c call) verdict {
	var in struct {
		ChatID string   `json:"chatid"`
		Name   string   `json:"name"`
		Owner  string   `json:"owner"`
		Add    []string `json:"add_user_list"`
		Remove []string `json:"del_user_list"`
	}
	if v, ok := decode(c.body, &in); !ok {
		return v
	}
	g, v := s.appGroupOf(in.ChatID, c.pop)
	if v.code != 0 {
		return v
	}
	if utf8.RuneCountInString(in.Name) > appChatName {
		return refuse(86004, "")
	}
	next := *g
	users := slices.DeleteFunc(slices.Concat(g.Members, in.Add), func(id string) bool {
		return slices.ContainsFunc(in.Remove, func(gone string) bool { return strings.EqualFold(gone, id) })
	})
	if in.Owner == "" && slices.Contains(users, g.owner) {
		in.Owner = g.owner
	}
	if v := next.become(users, in.Owner, c.pop); v.code != 0 {
		return v
	}
	if !s.meterOf("appchat/update", window{limit: appChatChanges, span: time.Hour}).take(s.now) {
		return refuse(45009, "changes an hour")
	}
	if in.Name != "" {
		next.Name = in.Name
	}
	*g = next
	return accepted
}

// appChatGet: GET appchat/get?chatid=….
func (s *Sim) appChatGet(c call) verdict {
	g, v := s.appGroupOf(c.r.URL.Query().Get("chatid"), c.pop)
	if v.code != 0 {
		return v
	}
	return verdict{more: map[string]any{"chat_info": map[string]any{"chatid": g.ID, "name": g.Name, "owner": g.owner, "userlist": g.Members}}}
}

// appChatSend: POST appchat/send; the message types of message/send but template_card.
func (s *Sim) appChatSend(c call) verdict {
	var in struct {
		appMessage
		ChatID string `json:"chatid"`
	}
	if v, ok := decode(c.body, &in); !ok {
		return v
	}
	g, v := s.appGroupOf(in.ChatID, c.pop)
	if v.code != 0 {
		return v
	}
	if in.MsgType == "template_card" {
		return refuse(40008, "")
	}
	m, v := s.appEntry(in.appMessage)
	if v.code != 0 {
		return v
	}
	if m.MsgType == "text" || m.MsgType == "markdown" {
		m.Mentions = mentioned(m.Text, c.pop)
	}
	if in.Text != nil {
		for _, id := range in.Text.MentionedList {
			if !slices.Contains(m.Mentions, id) {
				m.Mentions = append(m.Mentions, id)
			}
		}
	}
	corp := s.meterOf("appchat/send", window{limit: appChatPerMinute, span: time.Minute}, window{limit: appChatPerHour, span: time.Hour})
	if !corp.takeAll(s.now, len(g.Members)) {
		return refuse(45009, "")
	}
	heard := 0
	for _, id := range g.Members {
		if s.meterOf("appchat:"+id, window{limit: memberPerMinute, span: time.Minute}, window{limit: memberPerDay, span: 24 * time.Hour}).take(s.now) {
			heard++
		}
	}
	if heard == 0 {
		return accepted // the platform says nothing either
	}
	g.seen = true
	m.Chat, m.From, m.Via = g.ID, FromPush, viaAppChat
	s.book.add(s.now, m)
	return accepted
}

// chatsShown are the app's groups people can see. The caller holds mu.
func (s *Sim) chatsShown() []Chat {
	var out []Chat
	for _, g := range s.appGroups {
		if g.seen {
			out = append(out, g.Chat)
		}
	}
	slices.SortFunc(out, func(a, b Chat) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// mediaField is a message's media_id, and what a video adds.
type mediaField struct {
	MediaID     string `json:"media_id"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
}

// newsField is a message of articles.
type newsField struct {
	Articles []article `json:"articles"`
}

// check cuts and refuses articles as the platform does.
func (n *newsField) check() verdict {
	if n == nil || len(n.Articles) == 0 {
		return refuse(40063, "news.articles")
	}
	if len(n.Articles) > webhookArticles {
		return refuse(45008, "")
	}
	for i := range n.Articles {
		a := &n.Articles[i]
		if a.Title == "" || a.URL == "" {
			return refuse(40063, "news.articles.title and url")
		}
		a.Title, a.Description = cut(a.Title, articleTitle), cut(a.Description, articleDescription)
	}
	return accepted
}

func (n *newsField) card() json.RawMessage {
	return encode(map[string]any{"card_type": "news", "articles": n.Articles})
}

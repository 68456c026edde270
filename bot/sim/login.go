package sim

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// Logging in on a web page by 企业微信 (docs 91022, 91023).
const (
	codeLife   = 5 * time.Minute
	ticketLife = 1800 * time.Second
	maxState   = 128
)

// grant is a code or ticket that stands for a person.
type grant struct {
	userid string
	until  time.Time
}

// authorize: GET /connect/oauth2/authorize?appid=…&redirect_uri=…&response_type=code&scope=…&state=…
// #wechat_redirect. Who holds the telephone is said by the simulator's own parameter
// userid. It goes back to redirect_uri with code and state.
func (s *Sim) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	pop := s.o.House.Population()
	p, known := pop.person(q.Get("userid"))
	back, err := url.Parse(q.Get("redirect_uri"))
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil || back.Host == "" || s.o.Switches.TrustedDomain != "" && back.Host != s.o.Switches.TrustedDomain:
		w.Write(refuse(50001, "").json("127.0.0.1"))
		return
	case q.Get("appid") != s.tenant.CorpID:
		w.Write(refuse(40013, "").json("127.0.0.1"))
		return
	case q.Get("response_type") != "code" || !slices.Contains([]string{"snsapi_base", "snsapi_privateinfo"}, q.Get("scope")) || len(q.Get("state")) > maxState:
		w.Write(refuse(40058, "response_type, scope or state").json("127.0.0.1"))
		return
	case q.Get("scope") == "snsapi_privateinfo" && q.Get("agentid") != strconv.Itoa(s.tenant.AgentID):
		w.Write(refuse(40056, "").json("127.0.0.1"))
		return
	case !known:
		w.Write(refuse(60111, "userid").json("127.0.0.1"))
		return
	}
	code := alnum(43)
	s.grants[code] = grant{p.ID, s.now.Add(codeLife)}
	out := back.Query()
	out.Set("code", code)
	out.Set("state", q.Get("state"))
	back.RawQuery = out.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

// getUserInfo: GET auth/getuserinfo?code=…; a code is good once and for five minutes.
func (s *Sim) getUserInfo(c call) verdict {
	code := c.r.URL.Query().Get("code")
	g, ok := s.grants[code]
	delete(s.grants, code)
	if !ok || !s.now.Before(g.until) {
		return refuse(40029, "")
	}
	ticket := alnum(43)
	s.tickets[ticket] = grant{g.userid, s.now.Add(ticketLife)}
	return verdict{more: map[string]any{"userid": g.userid, "user_ticket": ticket, "expires_in": int(ticketLife.Seconds())}}
}

// getUserDetail: POST auth/getuserdetail {"user_ticket"}.
func (s *Sim) getUserDetail(c call) verdict {
	var in struct {
		Ticket string `json:"user_ticket"`
	}
	if v, ok := decode(c.body, &in); !ok {
		return v
	}
	g, ok := s.tickets[in.Ticket]
	if !ok || !s.now.Before(g.until) {
		return refuse(40029, "user_ticket")
	}
	return verdict{more: map[string]any{"userid": g.userid, "gender": "0"}}
}

package sim

import "time"

const (
	tokenLife   = 7200 * time.Second
	maxRefusals = 5 // wrong secrets in a row before the source address is shut out; the platform publishes no number
	refusalLock = time.Hour
)

// tokens are the access tokens of the app.
type tokens struct {
	current string
	issued  map[string]time.Time // token → expiry
	refused map[string]*refusals // by source address
}

type refusals struct {
	inARow int
	until  time.Time
}

// getToken: GET gettoken?corpid=…&corpsecret=… (doc 91039).
func (s *Sim) getToken(c call) verdict {
	q := c.r.URL.Query()
	r := s.tokens.refused[c.ip]
	if r == nil {
		r = &refusals{}
		s.tokens.refused[c.ip] = r
	}
	switch {
	case s.now.Before(r.until):
		return refuse(45009, "too many wrong secrets")
	case q.Get("corpid") == "":
		return refuse(41002, "")
	case q.Get("corpsecret") == "":
		return refuse(41004, "")
	case q.Get("corpid") != s.tenant.CorpID:
		return refuse(40013, "")
	case q.Get("corpsecret") != s.tenant.AppSecret:
		if r.inARow++; r.inARow >= s.o.Switches.WrongSecrets {
			*r = refusals{until: s.now.Add(refusalLock)}
		}
		return refuse(40001, "")
	}
	r.inARow = 0
	expiry, ok := s.tokens.issued[s.tokens.current]
	if !ok || !s.now.Before(expiry) {
		s.tokens.current = alnum(64)
		expiry = s.now.Add(tokenLife)
		s.tokens.issued[s.tokens.current] = expiry
	}
	return verdict{more: map[string]any{"access_token": s.tokens.current, "expires_in": int(expiry.Sub(s.now).Seconds())}}
}

func (s *Sim) checkToken(token string) verdict {
	expiry, ok := s.tokens.issued[token]
	switch {
	case token == "":
		return refuse(41001, "")
	case !ok:
		return refuse(40014, "")
	case !s.now.Before(expiry):
		return refuse(42001, "")
	}
	return accepted
}

// RevokeToken ends the current access token early, as the platform may: the next
// call with it hears 40014.
func (s *Sim) RevokeToken() {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tokens.issued, s.tokens.current)
}

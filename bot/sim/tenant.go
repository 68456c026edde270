package sim

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"maps"
	"strings"
)

// Tenant is what an administrator would copy out of the platform's console: the
// credentials of one enterprise with one bot, one app and a webhook per group.
type Tenant struct {
	CorpID    string            `json:"corp_id"`
	AgentID   int               `json:"agent_id"`
	AppSecret string            `json:"app_secret"`
	AppToken  string            `json:"app_token"`
	AppAESKey string            `json:"app_aes_key"`
	BotID     string            `json:"bot_id"`
	BotToken  string            `json:"bot_token"`
	BotAESKey string            `json:"bot_aes_key"`
	BotSecret string            `json:"bot_secret"`
	Webhooks  map[string]string `json:"webhooks"` // chat id → key
}

// String keeps the secrets out of logs.
func (t Tenant) String() string { return "tenant " + t.CorpID }

// GoString keeps the secrets out of %#v.
func (t Tenant) GoString() string { return t.String() }

func (t Tenant) clone() Tenant {
	t.Webhooks = maps.Clone(t.Webhooks)
	return t
}

// filled is t with fresh random values where it has none; a nil t is all fresh.
func (t *Tenant) filled(p Population) (Tenant, error) {
	var out Tenant
	if t != nil {
		out = t.clone()
	}
	for _, f := range []struct {
		at     *string
		prefix string
		n      int
	}{
		{&out.CorpID, "ww", 16}, {&out.AppSecret, "", 43}, {&out.AppToken, "", 24}, {&out.AppAESKey, "", 43},
		{&out.BotID, "aib", 24}, {&out.BotToken, "", 24}, {&out.BotAESKey, "", 43}, {&out.BotSecret, "", 43},
	} {
		if *f.at == "" {
			*f.at = f.prefix + alnum(f.n)
		}
	}
	if out.AgentID == 0 {
		out.AgentID = 1000002
	}
	if out.AgentID < 0 {
		return Tenant{}, errors.New("tenant: negative agent id")
	}
	if out.Webhooks == nil {
		out.Webhooks = map[string]string{}
		for _, c := range p.Chats {
			out.Webhooks[c.ID] = uuid()
		}
	}
	return out, nil
}

// alnum is n random letters and digits.
func alnum(n int) string {
	const set = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
	var b strings.Builder
	for buf := make([]byte, 1); b.Len() < n; {
		rand.Read(buf) // never fails since Go 1.24
		if i := int(buf[0]); i < len(set)*4 {
			b.WriteByte(set[i%len(set)])
		}
	}
	return b.String()
}

func uuid() string {
	b := make([]byte, 16)
	rand.Read(b)
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

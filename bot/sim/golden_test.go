package sim

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"juwei/bot/wecom"
)

// The vectors of WECOM §2.4 that this package produces or takes itself; the crypto
// has its own in bot/wecom.
const vectorKey = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"

func TestMediaVector(t *testing.T) {
	t.Parallel()
	key, err := base64.StdEncoding.DecodeString("ABEiM0RVZneImaq7zN3u/wEjRWeJq83vASNFZ4mrze8=")
	if err != nil {
		t.Fatal(err)
	}
	for data, want := range map[string]string{
		"hello file":                       "lNubTUiVpHWYxU8U4GcBPf1ZXvwKxC4iWNxZV4Igr8w=",
		"0123456789abcdef0123456789abcdef": "8LjSDfsT6xHx1+XjbLY8xzMpiL2RSrf/MIlUn4uTH3yLo8kVZ0zBv6VTdv5QhlqaefhXjgGEU1oMvx9/khxa0g==",
	} {
		if got := base64.StdEncoding.EncodeToString(sealMedia(key, []byte(data))); got != want {
			t.Errorf("sealMedia(%q) = %s", data, got)
		}
	}
}

func TestReplyVector(t *testing.T) { // V6
	t.Parallel()
	key, err := wecom.Key(vectorKey)
	if err != nil {
		t.Fatal(err)
	}
	sealed := `{"encrypt":"B4PcXgtThYsrOQnzxvXRUNGdBQEftQCTZJZNemVOkEY1mVAOJhn3l5AarJSMVRkcQXt38bRqK0xMjqXMo7SDaNHgXeyOTmKuLwxhimIZv5yB4Uku6jboxw+QnbZSW4ws",
		"msgsignature":"779e1506f67b4850b8e11e0815fabe33bb7dd52c","timestamp":1760000010,"nonce":"nonce12345"}`
	plain, what := openReply(side{token: "SimToken2026", key: key}, []byte(sealed), "nonce12345")
	if what != "" || string(plain) != `{"msgtype":"stream","stream":{"id":"S1","finish":true,"content":"ok"}}` {
		t.Errorf("openReply = %s, %s", plain, what)
	}
}

// Every length of padding is used in turn, 1 and 32 among them, and what is added
// changes neither JSON nor XML.
func TestPaddingTakesEveryLength(t *testing.T) {
	t.Parallel()
	key, err := wecom.Key(vectorKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"", "wwcorp1"} {
		s := &Sim{}
		d := side{key: key, receiveID: id}
		seen := map[int]bool{}
		for n := range 100 {
			msg := []byte(fmt.Sprintf("%q", strings.Repeat("a", n)))
			padded := s.padded(d, msg)
			seen[32-(20+len(padded)+len(id))%32] = true
			opened, err := wecom.Open(key, seal(d, padded), id)
			var back string
			if err != nil || json.Unmarshal(opened, &back) != nil || len(back) != n {
				t.Fatalf("length %d: %v", n, err)
			}
		}
		if len(seen) != 32 {
			t.Errorf("receiveid %q: %d lengths of padding", id, len(seen))
		}
	}
}

func TestTenant(t *testing.T) {
	t.Parallel()
	a, err := (*Tenant)(nil).filled(Population{Chats: []Chat{{ID: "g"}}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := (&Tenant{CorpID: "wwmine"}).filled(Population{})
	if err != nil {
		t.Fatal(err)
	}
	if a.BotAESKey == b.BotAESKey || len(a.BotAESKey) != 43 || len(a.AppToken) > 32 || a.Webhooks["g"] == "" || b.CorpID != "wwmine" {
		t.Error("credentials are not fresh, or not of the platform's shape")
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("tenant", "t", a)
	for _, text := range []string{fmt.Sprint(a), fmt.Sprintf("%+v %#v", a, a), log.String()} {
		if strings.Contains(text, a.BotSecret) || strings.Contains(text, a.AppSecret) {
			t.Errorf("a printed tenant shows its secret: %s", text)
		}
	}
}

func TestCards(t *testing.T) {
	t.Parallel()
	button := `{"text":"好","key":"%s"}`
	many := func(n int) string {
		var out []string
		for i := range n {
			out = append(out, fmt.Sprintf(button, fmt.Sprint("k", i)))
		}
		return "[" + strings.Join(out, ",") + "]"
	}
	rows := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat(`{"keyname":"x"},`, n), ",") + "]" }
	interaction := func(buttons, rest string) string {
		return `{"card_type":"button_interaction","main_title":{"title":"x"},"task_id":"t-1@_Z","button_list":` + buttons + rest + `}`
	}
	for name, c := range map[string]struct {
		card    string
		channel string
		ok      bool
	}{
		"6 buttons":           {interaction(many(6), ""), cardApp, true},
		"7 buttons":           {interaction(many(7), ""), cardApp, false},
		"no button":           {interaction("[]", ""), cardApp, false},
		"same key twice":      {interaction("["+fmt.Sprintf(button, "k")+","+fmt.Sprintf(button, "k")+"]", ""), cardBot, false},
		"key full":            {interaction("["+fmt.Sprintf(button, strings.Repeat("k", 1024))+"]", ""), cardBot, true},
		"key over":            {interaction("["+fmt.Sprintf(button, strings.Repeat("k", 1025))+"]", ""), cardBot, false},
		"6 rows":              {interaction(many(1), `,"horizontal_content_list":`+rows(6)), cardApp, true},
		"7 rows":              {interaction(many(1), `,"horizontal_content_list":`+rows(7)), cardApp, false},
		"on a webhook":        {interaction(many(1), ""), cardWebhook, false},
		"task id full":        {strings.Replace(interaction(many(1), ""), "t-1@_Z", strings.Repeat("t", 128), 1), cardApp, true},
		"task id over":        {strings.Replace(interaction(many(1), ""), "t-1@_Z", strings.Repeat("t", 129), 1), cardApp, false},
		"task id with a dot":  {strings.Replace(interaction(many(1), ""), "t-1@_Z", "t.1", 1), cardApp, false},
		"no task id":          {strings.Replace(interaction(many(1), ""), "t-1@_Z", "", 1), cardApp, false},
		"feedback on the app": {interaction(many(1), `,"feedback":{"id":"f"}`), cardApp, false},
		"vote":                {`{"card_type":"vote_interaction","main_title":{"title":"x"},"task_id":"t","checkbox":{"question_key":"q","option_list":[{"id":"1","text":"一"}]},"submit_button":{"text":"交","key":"k"}}`, cardBot, true},
		"vote, no option":     {`{"card_type":"vote_interaction","main_title":{"title":"x"},"task_id":"t","checkbox":{"question_key":"q"},"submit_button":{"text":"交","key":"k"}}`, cardBot, false},
		"selection":           {`{"card_type":"multiple_interaction","main_title":{"title":"x"},"task_id":"t","select_list":[{"question_key":"q","option_list":[{"id":"1","text":"一"}]}],"submit_button":{"text":"交","key":"k"}}`, cardApp, true},
		"notice":              {`{"card_type":"text_notice","sub_title_text":"x","card_action":{"type":1,"url":"https://example.com"}}`, cardWebhook, true},
		"notice, no action":   {`{"card_type":"text_notice","sub_title_text":"x"}`, cardWebhook, false},
		"news, no picture":    {`{"card_type":"news_notice","main_title":{"title":"x"},"card_action":{"type":1,"url":"https://example.com"}}`, cardWebhook, false},
		"unknown type":        {`{"card_type":"x"}`, cardApp, false},
		"not a card":          {`[]`, cardApp, false},
	} {
		if _, what := checkCard([]byte(c.card), c.channel); (what == "") != c.ok {
			t.Errorf("%s: %q", name, what)
		}
	}
}

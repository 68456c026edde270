package sim_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"

	"juwei/bot/sim/pagetest"
	"juwei/bot/wecom"
	"juwei/handlers"
)

func TestPage(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, path := range []string{"/", "/app.js", "/card.js", "/markdown.js", "/style.css"} {
		resp, err := http.Get(s.url + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK || len(body) == 0 {
			t.Fatalf("%s = %d %v", path, resp.StatusCode, err)
		}
		if !strings.Contains(resp.Header.Get("Content-Security-Policy"), "default-src 'self'") {
			t.Errorf("%s has no content security policy", path)
		}
		text := strings.ReplaceAll(string(body), "http://www.w3.org/2000/svg", "")
		if strings.Contains(text, "http://") || strings.Contains(text, "https://") || strings.Contains(text, "innerHTML") {
			t.Errorf("%s fetches from outside or writes HTML", path)
		}
	}
}

// browse opens the page as a person, in a window of the given width.
func (s *street) browse(who string, width int) *pagetest.Page {
	s.t.Helper()
	return pagetest.Open(s.t, s.url+"/?who="+who, width)
}

func TestPageInABrowser(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.bot.say = func(string) string { return streamReply("已收 **R0213-07** <img src=x onerror=alert(1)>") }
	s.code(s.hook(), map[string]any{"msgtype": "markdown", "markdown": map[string]any{"content": `<font color="warning">注意</font><script>document.title="x"</script>[点](javascript:alert(1))`}})
	s.code(s.sendPath(), map[string]any{"touser": "sj-meiyuan", "agentid": 1000002, "msgtype": "template_card", "template_card": buttons("case-1")})
	s.app.say = func(cb string) string {
		_, rest, _ := strings.Cut(cb, "<ResponseCode><![CDATA[")
		code, _, _ := strings.Cut(rest, "]]>")
		s.do(http.MethodPost, "/cgi-bin/message/update_template_card?access_token="+s.token,
			map[string]any{"userids": []string{"sj-meiyuan"}, "agentid": 1000002, "response_code": code, "button": map[string]string{"replace_name": "已确认"}})
		return ""
	}
	b := s.browse("sj-meiyuan", 1200)
	b.Wait(`[data-chat="app:sj-meiyuan"] .unread`)
	b.Click(`[data-chat="g-shuji"]`)
	b.Type("新返2<b>")
	b.Wait(`.message[data-from="防控助手"] .bubble strong`)
	s.want("transcript", s.texts("g-shuji")[1], "sj-meiyuan: @防控助手 新返2<b>")
	s.want("elements made of text", b.JS(`document.querySelectorAll("#log img, #log script, #log b, #log a").length`), 0)
	s.want("colour", b.JS(`document.querySelector(".c-warning").textContent`), "注意")

	b.Click(`[data-chat="app:sj-meiyuan"]`)
	b.Click(`.card button[data-key="ok:6"]`)
	b.Wait(`.card button.done`)
	s.want("pressed", b.JS(`document.querySelector(".card button.done").textContent`), "已确认")

	b.Click(`[data-chat="g-shuji"]`)
	b.Click(`.message[data-seq="1"] .cite`)
	b.Type("收到")
	b.Wait(`.message[data-seq="6"]`)
	quote, _ := s.bot.last()["quote"].(map[string]any)
	if quote == nil {
		t.Error("the quote did not reach the bot")
	}

	s.mu.Lock()
	s.due = append(s.due, at("13T16:30:00"))
	s.mu.Unlock()
	b.Click(`#next`)
	b.Wait(`#clock[datetime="2020-02-13T16:30:00+08:00"]`)
	b.Click(`#openoutbox`)
	b.Wait(`#outbox .item`)
}

func TestPageOnAPhone(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.bot.say = func(string) string {
		return streamReply("| 很长的表头一 | 很长的表头二 | 很长的表头三 | 很长的表头四 |\n|---|---|---|---|\n| 1 | 2 | 3 | 4 |\n" + strings.Repeat("长", 200) + strings.Repeat("a", 200))
	}
	b := s.browse("sj-meiyuan", 390)
	b.Click(`[data-chat="g-shuji"]`)
	b.Type("汇总")
	b.Wait(`.message[data-from="防控助手"] table`)
	s.want("page width", b.JS(`document.documentElement.scrollWidth`), 390)
	s.want("the log fits", b.JS(`document.getElementById("log").scrollWidth <= document.getElementById("log").clientWidth`), true)
	b.Click(`#back`)
	b.Wait(`#who`)
}

// TestPageShowsFiles: a picture is seen, a file has its name and size, and a group the app
// made is there from its first message on.
func TestPageShowsFiles(t *testing.T) {
	t.Parallel()
	s := open(t)
	png, err := base64.StdEncoding.DecodeString("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
	if err != nil {
		t.Fatal(err)
	}
	c := s.client()
	id, err := c.CreateAppChat(t.Context(), wecom.AppChat{ID: "zhishou", Name: "值守群", Members: []string{"sj-meiyuan", "p1"}})
	if err != nil {
		t.Fatal(err)
	}
	b := s.browse("sj-meiyuan", 1200)
	for _, say := range []handlers.Content{{Image: &handlers.File{Name: "走势.png", Data: png}}, {File: &handlers.File{Name: "台账.xlsx", Data: make([]byte, 2048)}}} {
		if err := c.AppChat(t.Context(), id, say, wecom.SendOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	b.Wait(`[data-chat="zhishou"]`)
	b.Click(`[data-chat="zhishou"]`)
	b.Wait(`#log a.file[download] .filesize`)
	s.want("file", b.JS(`document.querySelector("#log a.file[download] .filename").innerText.replace("\n", " ")`), "台账.xlsx 2 KB")
	b.Wait(`#log img.picture`)
	s.want("picture", b.JS(`(async () => { const i = document.querySelector("#log img.picture"); i.loading = "eager"; await i.decode(); return i.naturalWidth; })()`), 1)
}

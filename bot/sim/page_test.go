package sim_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
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

// browser is a headless Chromium showing the page, driven over its debugging socket.
type browser struct {
	s       *street
	ctx     context.Context
	ws      *websocket.Conn
	session string
	id      int
}

// browse opens the page as a person, in a window of the given width.
func (s *street) browse(who string, width int) *browser {
	s.t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		path, err = exec.LookPath("google-chrome")
	}
	if err != nil {
		if os.Getenv("CI") != "" {
			s.t.Fatal("no chromium")
		}
		s.t.Skip("no chromium")
	}
	// A page that never gets there ends the test, not the hour.
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	home, err := os.MkdirTemp("", "page")
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--remote-debugging-port=0", "--user-data-dir="+home, "about:blank")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	b := &browser{s: s, ctx: ctx}
	s.t.Cleanup(func() {
		if b.ws != nil { // let it end its own children
			b.ws.Write(ctx, websocket.MessageText, []byte(`{"id":0,"method":"Browser.close"}`))
		} else {
			cancel()
		}
		cmd.Wait()
		cancel()
		os.RemoveAll(home)
	})
	var address string
	lines := bufio.NewScanner(stderr)
	for address == "" && lines.Scan() {
		_, address, _ = strings.Cut(lines.Text(), "DevTools listening on ")
	}
	if address == "" {
		s.t.Fatal("chromium did not start")
	}
	go io.Copy(io.Discard, stderr)
	if b.ws, _, err = websocket.Dial(ctx, address, nil); err != nil {
		s.t.Fatal(err)
	}
	b.ws.SetReadLimit(1 << 24)
	target := b.call("Target.createTarget", map[string]any{"url": "about:blank"})
	b.session, _ = b.call("Target.attachToTarget", map[string]any{"targetId": target["targetId"], "flatten": true})["sessionId"].(string)
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": false})
	b.call("Page.navigate", map[string]any{"url": s.url + "/?who=" + who})
	b.wait(`body[data-ready="1"]`)
	return b
}

// call makes one call of the debugging protocol.
func (b *browser) call(method string, params any) map[string]any {
	b.s.t.Helper()
	b.id++
	msg := map[string]any{"id": b.id, "method": method, "params": params}
	if b.session != "" {
		msg["sessionId"] = b.session
	}
	raw, _ := json.Marshal(msg)
	if err := b.ws.Write(b.ctx, websocket.MessageText, raw); err != nil {
		b.s.t.Fatalf("%s: %v", method, err)
	}
	for {
		_, raw, err := b.ws.Read(b.ctx)
		if err != nil {
			b.s.t.Fatalf("%s: %v", method, err)
		}
		var answer struct {
			ID     int
			Result map[string]any
			Error  *struct{ Message string }
		}
		if err := json.Unmarshal(raw, &answer); err != nil {
			b.s.t.Fatal(err)
		}
		if answer.ID != b.id {
			continue // an event
		}
		if answer.Error != nil {
			b.s.t.Fatalf("%s: %s", method, answer.Error.Message)
		}
		return answer.Result
	}
}

// js evaluates an expression on the page, a promise to its value.
func (b *browser) js(code string) any {
	b.s.t.Helper()
	out := b.call("Runtime.evaluate", map[string]any{"expression": code, "returnByValue": true, "awaitPromise": true})
	if out["exceptionDetails"] != nil {
		b.s.t.Fatalf("%s: %v", code, out["exceptionDetails"])
	}
	return out["result"].(map[string]any)["value"]
}

// wait returns when the page shows an element.
func (b *browser) wait(selector string) {
	b.s.t.Helper()
	b.js(fmt.Sprintf(`new Promise(done => { const look = () => { const e = document.querySelector(%q); e && e.getClientRects().length ? done(1) : setTimeout(look, 10); }; look(); })`, selector))
}

func (b *browser) click(selector string) {
	b.s.t.Helper()
	b.wait(selector)
	b.js(fmt.Sprintf(`document.querySelector(%q).click()`, selector))
}

// typeIn types into the text field, and presses Enter.
func (b *browser) typeIn(text string) {
	b.s.t.Helper()
	b.js(`document.getElementById("text").focus()`)
	b.call("Input.insertText", map[string]any{"text": text})
	b.call("Input.dispatchKeyEvent", map[string]any{"type": "keyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"})
	b.call("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13})
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
	b.wait(`[data-chat="app:sj-meiyuan"] .unread`)
	b.click(`[data-chat="g-shuji"]`)
	b.typeIn("新返2<b>")
	b.wait(`.message[data-from="防控助手"] .bubble strong`)
	s.want("transcript", s.texts("g-shuji")[1], "sj-meiyuan: @防控助手 新返2<b>")
	s.want("elements made of text", b.js(`document.querySelectorAll("#log img, #log script, #log b, #log a").length`), 0)
	s.want("colour", b.js(`document.querySelector(".c-warning").textContent`), "注意")

	b.click(`[data-chat="app:sj-meiyuan"]`)
	b.click(`.card button[data-key="ok:6"]`)
	b.wait(`.card button.done`)
	s.want("pressed", b.js(`document.querySelector(".card button.done").textContent`), "已确认")

	b.click(`[data-chat="g-shuji"]`)
	b.click(`.message[data-seq="1"] .cite`)
	b.typeIn("收到")
	b.wait(`.message[data-seq="6"]`)
	quote, _ := s.bot.last()["quote"].(map[string]any)
	if quote == nil {
		t.Error("the quote did not reach the bot")
	}

	s.mu.Lock()
	s.due = append(s.due, at("13T16:30:00"))
	s.mu.Unlock()
	b.click(`#next`)
	b.wait(`#clock[datetime="2020-02-13T16:30:00+08:00"]`)
	b.click(`#openoutbox`)
	b.wait(`#outbox .item`)
}

func TestPageOnAPhone(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.bot.say = func(string) string {
		return streamReply("| 很长的表头一 | 很长的表头二 | 很长的表头三 | 很长的表头四 |\n|---|---|---|---|\n| 1 | 2 | 3 | 4 |\n" + strings.Repeat("长", 200) + strings.Repeat("a", 200))
	}
	b := s.browse("sj-meiyuan", 390)
	b.click(`[data-chat="g-shuji"]`)
	b.typeIn("汇总")
	b.wait(`.message[data-from="防控助手"] table`)
	s.want("page width", b.js(`document.documentElement.scrollWidth`), 390)
	s.want("the log fits", b.js(`document.getElementById("log").scrollWidth <= document.getElementById("log").clientWidth`), true)
	b.click(`#back`)
	b.wait(`#who`)
}

// Package pagetest opens the chat page in a real browser, for tests.
//
// In: an address. Out: a Page that clicks, types and looks. Start with Open.
package pagetest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// Page is a headless Chromium showing a page, driven over its debugging socket.
type Page struct {
	tb      testing.TB
	ctx     context.Context
	ws      *websocket.Conn
	session string
	id      int
}

// Open shows the chat page at url in a window of the given width, and waits until it is
// ready. Without Chromium the test is skipped, in CI it fails. It is closed with the test.
func Open(tb testing.TB, url string, width int) *Page {
	tb.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		path, err = exec.LookPath("google-chrome")
	}
	if err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatal("no chromium")
		}
		tb.Skip("no chromium")
	}
	// A page that never gets there ends the test, not the hour.
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	home, err := os.MkdirTemp("", "page")
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--remote-debugging-port=0", "--user-data-dir="+home, "about:blank")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	b := &Page{tb: tb, ctx: ctx}
	tb.Cleanup(func() {
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
		tb.Fatal("chromium did not start")
	}
	go io.Copy(io.Discard, stderr)
	if b.ws, _, err = websocket.Dial(ctx, address, nil); err != nil {
		tb.Fatal(err)
	}
	b.ws.SetReadLimit(1 << 24)
	target := b.call("Target.createTarget", map[string]any{"url": "about:blank"})
	b.session, _ = b.call("Target.attachToTarget", map[string]any{"targetId": target["targetId"], "flatten": true})["sessionId"].(string)
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": false})
	b.call("Page.navigate", map[string]any{"url": url})
	b.Wait(`body[data-ready="1"]`)
	return b
}

// call makes one call of the debugging protocol.
func (b *Page) call(method string, params any) map[string]any {
	b.tb.Helper()
	b.id++
	msg := map[string]any{"id": b.id, "method": method, "params": params}
	if b.session != "" {
		msg["sessionId"] = b.session
	}
	raw, _ := json.Marshal(msg)
	if err := b.ws.Write(b.ctx, websocket.MessageText, raw); err != nil {
		b.tb.Fatalf("%s: %v", method, err)
	}
	for {
		_, raw, err := b.ws.Read(b.ctx)
		if err != nil {
			b.tb.Fatalf("%s: %v", method, err)
		}
		var answer struct {
			ID     int
			Result map[string]any
			Error  *struct{ Message string }
		}
		if err := json.Unmarshal(raw, &answer); err != nil {
			b.tb.Fatal(err)
		}
		if answer.ID != b.id {
			continue // an event
		}
		if answer.Error != nil {
			b.tb.Fatalf("%s: %s", method, answer.Error.Message)
		}
		return answer.Result
	}
}

// JS evaluates an expression on the page, a promise to its value.
func (b *Page) JS(code string) any {
	b.tb.Helper()
	out := b.call("Runtime.evaluate", map[string]any{"expression": code, "returnByValue": true, "awaitPromise": true})
	if out["exceptionDetails"] != nil {
		b.tb.Fatalf("%s: %v", code, out["exceptionDetails"])
	}
	return out["result"].(map[string]any)["value"]
}

// Wait returns when the page shows an element.
func (b *Page) Wait(selector string) {
	b.tb.Helper()
	b.JS(fmt.Sprintf(`new Promise(done => { const look = () => { const e = document.querySelector(%q); e && e.getClientRects().length ? done(1) : setTimeout(look, 10); }; look(); })`, selector))
}

// WaitText returns when the open chat shows the text, with the bubble that does.
func (b *Page) WaitText(text string) string {
	b.tb.Helper()
	said, _ := b.JS(fmt.Sprintf(`new Promise(done => { const look = () => { const e = [...document.querySelectorAll("#log .bubble")].find(e => e.textContent.includes(%q)); e ? done(e.textContent) : setTimeout(look, 10); }; look(); })`, text)).(string)
	return said
}

// Click presses the element when it shows.
func (b *Page) Click(selector string) {
	b.tb.Helper()
	b.Wait(selector)
	b.JS(fmt.Sprintf(`document.querySelector(%q).click()`, selector))
}

// Type types into the text field, and presses Enter.
func (b *Page) Type(text string) {
	b.tb.Helper()
	b.JS(`document.getElementById("text").focus()`)
	b.call("Input.insertText", map[string]any{"text": text})
	b.call("Input.dispatchKeyEvent", map[string]any{"type": "keyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"})
	b.call("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13})
}

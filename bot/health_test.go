package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"juwei/store/storetest"
)

// Redis away: not ready, but well, for a restart would not mend it. The metrics stay
// readable, and name no person.
func TestHealthWithoutRedis(t *testing.T) {
	t.Parallel()
	d := startDemo(t, storetest.Mini(t), nil)
	p := &player{t: t, demo: d, base: "http://" + d.addr, names: map[string]string{}, ids: map[string]string{}}
	p.send("sj-meiyuan", "sj-meiyuan", "/零报", "", "")
	get := func(path string, want int) string {
		t.Helper()
		resp, err := http.Get(p.base + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != want {
			t.Errorf("%s: %s, want %d: %s", path, resp.Status, want, body)
		}
		return string(body)
	}
	get("/readyz", http.StatusOK)
	up := storetest.Down(t, d.app.store)
	if ready := get("/readyz", http.StatusServiceUnavailable); !strings.Contains(ready, d.app.works().cfg.Digest) {
		t.Errorf("/readyz does not show the configuration: %s", ready)
	}
	get("/healthz", http.StatusOK)
	text := get("/metrics", http.StatusOK)
	for _, want := range []string{`bot_messages_total{cmd="零报",outcome="stored"} 1`, `bot_sends_total{channel="webhook",outcome="unknown"} 0`, "bot_handle_seconds_count 1"} {
		if !strings.Contains(text, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
	if strings.Contains(text, "sj-meiyuan") {
		t.Error("/metrics names a person")
	}
	up()
	get("/readyz", http.StatusOK)
}

package wecom

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"
)

var connInfo httptrace.GotConnInfo

func wroteInfo(err error) httptrace.WroteRequestInfo { return httptrace.WroteRequestInfo{Err: err} }

func body200(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, s) } //nolint:errcheck // a test's own connection
}

// TestEveryCode lists every code of the fact sheet (§14) with what it asks of us: R the
// same later, T a new token first, F another road, X give up; ! tells the administrator.
func TestEveryCode(t *testing.T) {
	t.Parallel()
	const sheet = `
-1 R, 6000 R, 45009 R, 45033 R, 846607 R, 846609 R
40014 T, 42001 T
846605 F, 846608 F, 600039 F
40001 X!, 40013 X!, 40056 X!, 40201 X!, 48002 X!, 50002 X!, 50003 X!, 60020 X!, 93000 X!, 93004 X!, 93008 X!, 93019 X!, 853000 X!
40003 X, 40031 X, 60111 X, 60021 X, 40032 X, 40004 X, 40005 X, 40006 X, 40009 X, 45001 X, 40007 X, 40008 X, 41001 X, 40029 X, 40033 X
40035 X, 40058 X, 40050 X, 86001 X, 86003 X, 86201 X, 93006 X, 40063 X, 44001 X, 44004 X, 45002 X, 45007 X, 45008 X, 45034 X, 50001 X
60011 X, 81013 X, 82001 X, 82002 X, 82003 X, 86004 X, 86005 X, 86006 X, 86007 X, 86008 X, 86207 X, 86215 X, 86216 X, 86217 X, 301019 X, 830002 X`
	seen := make(map[int]bool)
	for row := range strings.FieldsFuncSeq(sheet, func(r rune) bool { return r == ',' || r == '\n' }) {
		var code int
		var want string
		if _, err := fmt.Sscan(row, &code, &want); err != nil {
			t.Fatalf("row %q: %v", row, err)
		}
		seen[code] = true
		e := &Error{Op: "webhook", Code: code, Wrote: true, Status: 200}
		got := "X"
		switch {
		case e.undeliverable():
			got = "F"
		case codes[code].verdict == refresh:
			got = "T"
		case e.Retryable():
			got = "R"
		}
		if e.Alert() {
			got += "!"
		}
		if got != want {
			t.Errorf("%d is %s, want %s", code, got, want)
		}
		if e.Unknown() {
			t.Errorf("%d: the platform answered, nothing is unknown", code)
		}
		if e.Retryable() == e.Fatal() {
			t.Errorf("%d: neither or both of retryable and fatal", code)
		}
		if e.Retryable() != (e.After() > 0) {
			t.Errorf("%d: retryable %v after %v", code, e.Retryable(), e.After())
		}
		if a := e.Advice(); len(a) < 12 || strings.Contains(a, "未收录") {
			t.Errorf("%d: advice %q", code, a)
		}
	}
	for code := range codes {
		if !seen[code] {
			t.Errorf("code %d is in the table but not in this test", code)
		}
	}
	if (&Error{Code: 45009}).After() < time.Minute {
		t.Error("a minute's limit is asked again within the minute")
	}
	e := &Error{Op: "webhook", Code: 123456, Status: 200, Wrote: true}
	if !e.Fatal() || e.Alert() || !strings.Contains(e.Advice(), "123456") || !strings.Contains(e.Error(), "123456") {
		t.Errorf("an unknown code: %v, %s", e, e.Advice())
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"ok": "ok",
		"api freq out of limit, hint: [1], from ip: 1.2.3.4": "api freq out of limit",
		"Post \"https://x/send?key=abc&a=1\": EOF":           "Post \"https://x/send?key=<secret>&a=1\": EOF",
		"x?access_token=abc":                                 "x?access_token=<secret>",
		"corpsecret=abc, response_code=def) secret= key=":    "corpsecret=<secret>, response_code=<secret>) secret= key=",
		"has s3cret/+ and s3cret%2F%2B inside":               "has <secret> and <secret> inside",
		"line\nfeed\x00":                                     "line feed ",
		strings.Repeat("字", 100):                             strings.Repeat("字", 53),
		"key=a key=b key=c":                                  "key=<secret> key=<secret> key=<secret>",
	} {
		if got := clean(in, "s3cret/+", ""); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestSecretNeverPrints tries every way Go has of showing a value.
func TestSecretNeverPrints(t *testing.T) {
	t.Parallel()
	const value = "s3cret-value"
	s := Secret(value)
	type holder struct {
		Name string
		Key  Secret
		List []Secret
		Map  map[string]Secret
	}
	h := holder{"n", s, []Secret{s}, map[string]Secret{"k": s}}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T %v", "%10s", "%-5v", "%t"} {
		fmt.Fprintf(&out, strings.Replace(verb, "%T ", "", 1)+"\n", s)
		fmt.Fprintf(&out, strings.Replace(verb, "%T ", "", 1)+"\n", h)
		fmt.Fprintf(&out, strings.Replace(verb, "%T ", "", 1)+"\n", &h)
	}
	fmt.Fprintln(&out, s, h, &h, s.String(), s.GoString(), fmt.Errorf("x %w", errors.New(fmt.Sprint(s))))
	b, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(b)
	text, err := s.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	out.Write(text)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "key", s, "all", h)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "key", s, "all", h)
	if strings.Contains(out.String(), value) || strings.Contains(strings.ToLower(out.String()), fmt.Sprintf("%x", value)) {
		t.Errorf("the value shows:\n%s", out.String())
	}
	if string(s) != value {
		t.Error("the value is lost")
	}
}

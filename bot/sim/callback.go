package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"juwei/bot/wecom"
)

// maxAnswer is more than any passive reply may be.
const maxAnswer = 1 << 20

// The scripted losses of a callback: of the bot's answer, or on the way to the bot.
var (
	errLost  = errors.New("answer lost (scripted)")
	errReset = errors.New("connection reset (scripted)")
)

// side is one of the two callback channels: whose address, token and key.
type side struct {
	name      string // bot or app, as in callback/bot
	url       string
	token     string
	key       []byte
	receiveID string
}

func (s *Sim) botSide() side {
	s.mu.Lock()
	defer s.mu.Unlock()
	return side{"bot", s.botURL, s.tenant.BotToken, s.botKey, ""}
}

func (s *Sim) appSide() side {
	s.mu.Lock()
	defer s.mu.Unlock()
	return side{"app", s.appURL, s.tenant.AppToken, s.appKey, s.tenant.CorpID}
}

// Connect is the administrator saving the callback addresses: each is verified by the
// GET of WECOM §2.2 (one second, exact answer) and used from then on. An empty
// address leaves that side as it is. A side that fails keeps its old address.
func (s *Sim) Connect(ctx context.Context, botURL, appURL string) error {
	bot, app := s.botSide(), s.appSide()
	var errs []error
	if botURL != "" {
		bot.url = botURL
		if err := s.verify(ctx, bot); err != nil {
			errs = append(errs, err)
			botURL = ""
		}
	}
	if appURL != "" {
		app.url = appURL
		if err := s.verify(ctx, app); err != nil {
			errs = append(errs, err)
			appURL = ""
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if botURL != "" {
		s.botURL = botURL
	}
	if appURL != "" {
		s.appURL = appURL
	}
	return errors.Join(errs...)
}

func (s *Sim) verify(ctx context.Context, d side) error {
	if u, err := url.Parse(d.url); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return fmt.Errorf("verify %s callback: not an http address", d.name)
	}
	ctx, cancel := context.WithTimeout(ctx, verifyBudget)
	defer cancel()
	want := strconv.FormatUint(rand.Uint64(), 10)
	enc := seal(d, []byte(want))
	for !strings.Contains(enc, "+") || !strings.Contains(enc, "/") { // the letters that careless decoding loses
		enc = seal(d, []byte(want))
	}
	q := s.signed(d, enc)
	q.Set("echostr", enc)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, withQuery(d.url, q), nil)
	if err != nil {
		return fmt.Errorf("verify %s callback: %w", d.name, bare(err))
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return fmt.Errorf("verify %s callback: %w", d.name, bare(err))
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	switch {
	case err != nil:
		return fmt.Errorf("verify %s callback: %w", d.name, err)
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("verify %s callback: http %d", d.name, resp.StatusCode)
	case string(got) != want:
		return fmt.Errorf("verify %s callback: the answer is not the bare plaintext of echostr", d.name)
	}
	return nil
}

// post delivers one sealed callback and returns the bot's answer as it is.
func (s *Sim) post(ctx context.Context, d side, contentType string, body []byte, q url.Values) (status int, out []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.o.Callback)
	defer cancel()
	struck := s.strike("callback/" + d.name)
	pause(ctx, struck)
	if struck != nil && struck.Kind == faultReset {
		return 0, nil, errReset
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, withQuery(d.url, q), bytes.NewReader(body))
	if err != nil {
		return 0, nil, bare(err)
	}
	req.Header.Set("Content-Type", contentType)
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, nil, bare(err)
	}
	defer resp.Body.Close()
	out, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return 0, nil, err
	}
	if struck != nil && struck.Kind == faultDrop {
		return 0, nil, errLost
	}
	return resp.StatusCode, out, nil
}

// seal encrypts for a side.
func seal(d side, msg []byte) string {
	return wecom.Seal(d.key, []byte(alnum(16)), msg, d.receiveID)
}

// signed is the query of a callback: fresh nonce, the clock's timestamp.
func (s *Sim) signed(d side, enc string) url.Values {
	ts, nonce := strconv.FormatInt(s.Now().Unix(), 10), alnum(10)
	return url.Values{"msg_signature": {wecom.Sign(d.token, ts, nonce, enc)}, "timestamp": {ts}, "nonce": {nonce}}
}

// padded adds white space after a JSON or XML document so that the padding of one
// message after the other takes every length, 1 and 32 among them.
func (s *Sim) padded(d side, msg []byte) []byte {
	s.mu.Lock()
	s.pads++
	want := s.pads%32 + 1
	s.mu.Unlock()
	have := 32 - (20+len(msg)+len(d.receiveID))%32
	return append(msg, bytes.Repeat([]byte(" "), (have-want+32)%32)...)
}

func withQuery(addr string, q url.Values) string {
	if strings.Contains(addr, "?") {
		return addr + "&" + q.Encode()
	}
	return addr + "?" + q.Encode()
}

// bare is a transport error without the address that net/http puts around it.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

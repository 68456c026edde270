package wecom

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/silenceper/wechat/v2/credential"
	"github.com/silenceper/wechat/v2/util"
)

// tokens keeps one app's access_token (doc path 91039). The call itself is silenceper's;
// the cache is ours, because the library's holds its lock during the request, so that one
// slow answer outlasts every caller's budget, turns the errcode into a sentence, and has
// no way to drop a token the platform has refused.
type tokens struct {
	fetch  func(ctx context.Context) (credential.ResAccessToken, error)
	secret Secret // must not show in an error
	now    func() time.Time
	turn   chan struct{} // whoever holds it may fetch; the others wait, within their ctx

	mu      sync.Mutex
	value   string
	until   time.Time // when value is too old to be used
	refused *Error    // the last fetch failed for good: not asked again before retryAt
	retryAt time.Time
}

// A wrong secret, repeated, gets the whole IP address blocked for an hour.
const refusedPause = time.Minute

// Any module of the library that takes a token handle can share ours.
var _ credential.AccessTokenContextHandle = (*tokens)(nil)

func newTokens(secret Secret, now func() time.Time, fetch func(context.Context) (credential.ResAccessToken, error)) *tokens {
	return &tokens{fetch: fetch, secret: secret, now: now, turn: make(chan struct{}, 1)}
}

// GetAccessToken is GetAccessTokenContext without a deadline.
func (t *tokens) GetAccessToken() (string, error) {
	return t.GetAccessTokenContext(context.Background())
}

// GetAccessTokenContext returns the token, fetching it if there is none. Errors are
// *Error with Op "token".
func (t *tokens) GetAccessTokenContext(ctx context.Context) (string, error) {
	if v, err := t.held(); v != "" || err != nil {
		return v, err
	}
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		msg, cause := reason(ctx.Err())
		return "", &Error{Op: "token", Msg: msg, cause: cause}
	}
	if v, err := t.held(); v != "" || err != nil {
		return v, err // somebody fetched it while we waited
	}
	return t.renew(ctx)
}

// renew fetches a token, whatever is held. The caller holds the turn, or does not mind.
func (t *tokens) renew(ctx context.Context) (string, error) {
	asked := t.now()
	res, err := t.fetch(ctx)
	if err == nil && res.AccessToken == "" {
		err = errors.New("answer without a token")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		e := tokenError(res, err, string(t.secret))
		if e.Fatal() {
			t.refused, t.retryAt = e, asked.Add(refusedPause)
		}
		return "", e
	}
	life := time.Duration(res.ExpiresIn) * time.Second
	t.value, t.until, t.refused = res.AccessToken, asked.Add(life-min(5*time.Minute, life/10)), nil
	return t.value, nil
}

// held returns the token in hand, or the error that makes asking pointless.
func (t *tokens) held() (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if t.value != "" && now.Before(t.until) {
		return t.value, nil
	}
	if t.refused != nil && now.Before(t.retryAt) {
		return "", t.refused
	}
	return "", nil
}

// drop forgets value, if it is still the one held: the platform has refused it.
func (t *tokens) drop(value string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.value == value {
		t.value = ""
	}
}

// tokenError makes an *Error of what the library returns: its text may hold the URL and
// with it the secret, so only the number and the platform's own words are kept. Nothing
// was said to anybody, so Wrote stays false.
func tokenError(res credential.ResAccessToken, err error, secret string) *Error {
	if res.ErrCode != 0 {
		return &Error{Op: "token", Code: int(res.ErrCode), Msg: clean(res.ErrMsg, secret), Status: http.StatusOK}
	}
	e := &Error{Op: "token", Msg: "no usable answer"}
	var s statusError
	var u *url.Error
	switch {
	case errors.As(err, &s):
		e.Status, e.Msg, e.after = s.status, "", s.after
	case errors.As(err, &u), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		e.Msg, e.cause = reason(err, secret)
	}
	return e
}

// routeKey carries the Client through the library's context to our transport.
type routeKey struct{}

var installOnce sync.Once

// install gives the library a transport that finds each request's Client in its context.
// The library has one HTTP client for the whole process, http.DefaultClient without a
// time-out; several tenants, or simulators in parallel tests, need several. Its URL hook
// (SetURIModifier) is not used: it sees neither context nor tenant.
func install() {
	installOnce.Do(func() {
		util.DefaultHTTPClient = &http.Client{
			Transport:     router{},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	})
}

type router struct{}

// RoundTrip sends r through its Client's own transport. An answer other than 200 becomes
// a statusError, because the library would only quote it, URL and all.
func (router) RoundTrip(r *http.Request) (*http.Response, error) {
	c, ok := r.Context().Value(routeKey{}).(*Client)
	if !ok {
		return http.DefaultTransport.RoundTrip(r)
	}
	res, err := c.transport().RoundTrip(r)
	if err == nil && res.StatusCode != http.StatusOK {
		res.Body.Close()
		return nil, statusError{res.StatusCode, retryAfter(res.Header)}
	}
	return res, err
}

type statusError struct {
	status int
	after  time.Duration
}

func (s statusError) Error() string { return http.StatusText(s.status) }

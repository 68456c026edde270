package wecom

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/silenceper/wechat/v2/credential"
	"github.com/silenceper/wechat/v2/util"

	"juwei/handlers"
)

// DefaultAPIBase is where the public platform's interface lives.
const DefaultAPIBase = "https://qyapi.weixin.qq.com"

// DefaultClientBudget bounds one call: token, request, answer, and the one repetition
// after a refused token, all together.
const DefaultClientBudget = 10 * time.Second

const maxAnswer = 1 << 20 // of the platform's answer, in bytes; real ones are under one kilobyte

// ClientOptions are what NewClient needs. The app's three are needed for everything but
// Webhook.
type ClientOptions struct {
	APIBase string       // default DefaultAPIBase; a private deployment's or a simulator's
	HTTP    *http.Client // default: a client of our own that honours HTTPS_PROXY and CAFile
	CAFile  string       // PEM certificates trusted besides the system's; only without HTTP
	CorpID  string
	AgentID int
	Secret  Secret        // of the app
	Budget  time.Duration // default DefaultClientBudget
	Now     func() time.Time
	Logger  *slog.Logger // default: none
}

// Client says things on the bot's own account: to groups by webhook, to people by the
// app. It is safe for concurrent use. It neither paces nor repeats (the courier does),
// with one exception: a refused access_token is renewed and the call made once more.
type Client struct {
	o      ClientOptions
	base   string
	http   *http.Client
	log    *slog.Logger
	tokens *tokens

	mu    sync.Mutex
	users map[string]resolved
	spent map[[32]byte]time.Time // response_urls used, and when they end anyway
}

// NewClient prepares a client; it does not connect. The error is about APIBase or CAFile.
func NewClient(o ClientOptions) (*Client, error) {
	if o.Now == nil {
		return nil, errors.New("new client: Now is missing")
	}
	if o.APIBase == "" {
		o.APIBase = DefaultAPIBase
	}
	base, err := url.Parse(o.APIBase)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("new client: api base %q is no http address", o.APIBase)
	}
	if o.Budget <= 0 {
		o.Budget = DefaultClientBudget
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	hc := http.Client{}
	if o.HTTP != nil {
		hc = *o.HTTP
	} else if hc.Transport, err = Transport(o.CAFile); err != nil {
		return nil, fmt.Errorf("new client: %w", err)
	}
	// A redirect would carry the token to whoever it names.
	hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	install()
	c := &Client{o: o, base: strings.TrimRight(o.APIBase, "/"), http: &hc, log: o.Logger, users: make(map[string]resolved)}
	c.tokens = newTokens(o.Secret, o.Now, c.fetchToken)
	return c, nil
}

// Transport is a transport for this platform: proxies from the environment, and trust in
// the certificates of caFile (PEM; "" for none) besides the system's. A connection idle
// for half a minute is closed from our side, before the platform does: a request written
// into a connection that is just being closed is a request with an unknown outcome.
func Transport(caFile string) (*http.Transport, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.IdleConnTimeout = 30 * time.Second
	t.MaxIdleConnsPerHost = 8
	if caFile == "" {
		return t, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("ca file: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("ca file %s: no certificate in it", caFile)
	}
	t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return t, nil
}

func (c *Client) transport() http.RoundTripper {
	if c.http.Transport != nil {
		return c.http.Transport
	}
	return http.DefaultTransport
}

// fetchToken asks for an access_token through the library, on our own transport.
func (c *Client) fetchToken(ctx context.Context) (credential.ResAccessToken, error) {
	q := url.Values{"corpid": {c.o.CorpID}, "corpsecret": {string(c.o.Secret)}}
	return credential.GetTokenFromServerContext(context.WithValue(ctx, routeKey{}, c), c.base+"/cgi-bin/gettoken?"+q.Encode())
}

// call is one request to the platform.
type call struct {
	op       string
	path     string // after /cgi-bin/
	query    url.Values
	method   string         // default POST
	verbatim string         // the whole address, instead of path and query
	body     any            // sent as JSON
	file     *handlers.File // sent as the form's part "media", instead of body
	answer   any            // filled from a successful answer; may be nil
	harmless bool           // changes nothing: an outcome cannot be unknown
	secrets  []string       // what must not show in an error
}

// withToken makes the call with the app's access_token. A token that is refused (40014,
// 42001) is renewed and the call made once more: a refused call had no effect.
func (c *Client) withToken(ctx context.Context, k call) error {
	for first := true; ; first = false {
		token, err := c.tokens.GetAccessTokenContext(ctx)
		if err != nil {
			return err
		}
		query := url.Values{"access_token": {token}}
		maps.Copy(query, k.query)
		with := k
		with.query = query
		err = c.post(ctx, with, token)
		var e *Error
		if !errors.As(err, &e) || codes[e.Code].verdict != refresh {
			return err
		}
		c.tokens.drop(token)
		if !first {
			return err
		}
		c.log.Warn("token refused, renewing", "op", k.op, "errcode", e.Code)
	}
}

// post sends one request and reads its answer. The library's senders are not used: they
// take no context, put the URL (and the key in it) into their errors, send agentid as a
// string, and cannot say whether the request had been written, on which it depends
// whether it may be sent again.
func (c *Client) post(ctx context.Context, k call, secrets ...string) error {
	secrets = append(append(secrets, k.secrets...), string(c.o.Secret))
	body, contentType, err := k.encode()
	if err != nil {
		return &Error{Op: k.op, Msg: "request does not encode"}
	}
	if k.method == "" {
		k.method = http.MethodPost
	}
	addr := k.verbatim
	if addr == "" {
		addr = c.base + "/cgi-bin/" + k.path + "?" + k.query.Encode()
	}
	var w written
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, w.trace()), k.method, addr, body)
	if err != nil {
		return &Error{Op: k.op, Msg: "request does not build"} // err would quote the URL
	}
	req.Header.Set("Content-Type", contentType)
	res, err := c.http.Do(req)
	if err != nil {
		msg, cause := reason(err, secrets...)
		return &Error{Op: k.op, Msg: msg, Wrote: w.maybe() && !k.harmless, cause: cause}
	}
	defer res.Body.Close()
	e := &Error{Op: k.op, Wrote: !k.harmless, Status: res.StatusCode}
	if res.StatusCode != http.StatusOK {
		e.after = retryAfter(res.Header)
		return e
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		e.Msg, e.cause = reason(err, secrets...)
		return e
	}
	var status util.CommonError
	if data = bytes.TrimSpace(data); len(data) == 0 || data[0] != '{' || json.Unmarshal(data, &status) != nil {
		e.Msg = "answer is not JSON" // a proxy's page, most likely
		return e
	}
	if status.ErrCode != 0 {
		e.Code, e.Msg = int(status.ErrCode), clean(status.ErrMsg, secrets...)
		return e
	}
	if k.answer != nil && json.Unmarshal(data, k.answer) != nil {
		e.Msg = "answer has another shape"
		return e
	}
	return nil
}

// encode is the request's body.
func (k call) encode() (body *bytes.Buffer, contentType string, err error) {
	body = new(bytes.Buffer)
	switch {
	case k.file != nil:
		contentType, err = encodeForm(body, *k.file)
	case k.body != nil:
		contentType = "application/json; charset=utf-8"
		enc := json.NewEncoder(body)
		enc.SetEscapeHTML(false) // the platform refuses \u003c in places (40033)
		err = enc.Encode(k.body)
	}
	return body, contentType, err
}

// written follows a request to the wire.
type written struct{ conn, failed atomic.Bool }

// trace sets the marks. A request that the transport repeats on a second connection
// starts anew there.
func (w *written) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GotConn:      func(httptrace.GotConnInfo) { w.conn.Store(true); w.failed.Store(false) },
		WroteRequest: func(i httptrace.WroteRequestInfo) { w.failed.Store(i.Err != nil) },
	}
}

// maybe reports whether the platform may have the whole request. From the moment there is
// a connection the answer is yes, unless writing is known to have failed: a cancelled
// request may still be on its way out on another goroutine.
func (w *written) maybe() bool { return w.conn.Load() && !w.failed.Load() }

// within bounds ctx by the client's budget.
func (c *Client) within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, c.o.Budget)
}

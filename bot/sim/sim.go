package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"juwei/bot/wecom"
)

// House is what the simulator must know of the street whose platform it plays, and
// how it asks the bot to catch up with the clock.
type House interface {
	// Population is the street as the platform knows it. It may change between calls.
	Population() Population
	// Settle says that the clock shows now: do what is due, deliver what may go. It
	// returns the next due moment after now, or zero when nothing is planned.
	Settle(ctx context.Context, now time.Time) (next time.Time, err error)
	// Outbox is what waits, was sent, is unknown, is dead, as JSON for people to read.
	Outbox(ctx context.Context) (json.RawMessage, error)
}

// Population is the people and groups of the platform.
type Population struct {
	Bot     string              `json:"bot"` // the bot's display name
	Chats   []Chat              `json:"chats"`
	People  []Person            `json:"people"`
	Phrases map[string][]string `json:"phrases,omitempty"` // lines for the page's quick fill, by userid or by role
}

// Chat is a group. The 1:1 chats are not listed: each person has two, USERID (the
// bot's) and app:USERID (the app's).
type Chat struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Kind    string   `json:"kind"`
	Members []string `json:"members"`
}

// Person is a member of the enterprise.
type Person struct {
	ID    string   `json:"id"`
	Name  string   `json:"name"`
	Roles []string `json:"roles"`
	Unit  string   `json:"unit"`
}

// Default budgets of machine time, as the platform has them (WECOM §2.2, §12).
const (
	verifyBudget   = time.Second
	callbackBudget = 5 * time.Second
	outboxBudget   = 10 * time.Second
)

// Options of a simulator. The zero value but for House is the demo's.
type Options struct {
	House    House
	Tenant   *Tenant            // credentials; nil = fresh random ones
	At       time.Time          // where the clock starts; zero = 2020-02-13 15:00 +08:00
	Logger   *slog.Logger       // nil = silent
	Base     string             // the simulator's own address, for response_url and media; "" = taken from the handle's requests
	Hosts    []string           // host names besides loopback under which /sim may be called
	Register func(house string) // told the house's address when a bot announces itself at /sim/bot; may be nil
	Callback time.Duration      // how long a callback may take, machine time; 0 = 5 s
	Wait     time.Duration      // how long /sim/send waits for a reply over the long connection, machine time; 0 = 5 s

	Redeliver bool // try an aibot callback three times, as app callbacks are
	Switches  Switches
}

// Switches decide what the platform's documents leave open (WECOM §17). The zero
// value is the default of WECOM §19.
type Switches struct {
	WebhookPenalty   time.Duration // a webhook key over its limit is blocked this long; 0 = until the window has room
	StreamLife       time.Duration // life of a stream over the long connection; 0 = 6 min
	PollEvery        time.Duration // machine time between two polls of an unfinished stream, URL mode; 0 = 1 s
	Idle             time.Duration // machine time after which a silent long connection is closed; 0 = 90 s
	SubscribeLimit   int           // subscriptions a minute before 45009; 0 = none
	CountFrames      bool          // every stream frame counts against the conversation's limit, not only the first
	OverLimit        int           // errcode of a full conversation window; 0 = 846607
	CardsInGroups    bool          // an aibot may push template cards into a group
	StaleReqIDs      bool          // req_ids of an earlier connection still take replies
	KickedLingers    bool          // a kicked connection is left half alive, answering pings
	StatusIsAnswer   bool          // an app callback is tried again only when it broke or took too long, not after another status than 200
	ApplyCardReplies bool          // a passive reply to an app's card event changes the card
	OpenUserIDs      bool          // aibot callbacks name people by encrypted open_userid
	ResponseStreams  bool          // response_url takes a stream, as the vendor's own plugin believes
	UsedResponse     int           // errcode of a response_url that was used or is too old; 0 = 40058
	TooLarge         int           // errcode of a file over its limit; 0 = 45001 (40006 is the other guess)
	LineImage        int           // largest picture over the long connection, bytes; 0 = 10 MB (2 MB in an older text)
	ChunkBase        int           // number of an upload's first chunk; the SDK says 0, one example 1
	ParallelChunks   int           // more chunks than this without their acks end in -1; 0 = no limit
	NoReqIDOn40058   bool          // an ack that says 40058 has no headers.req_id
	CloseOnBadSecret bool          // the server closes after 853000
	Replay           bool          // what is said while nobody listens is delivered at the next subscription
	WrongSecrets     int           // wrong secrets in a row before the address is shut out; 0 = 5
	TrustedIPs       []string      // who may call with a token, else 60020; nil = everybody
	TrustedDomain    string        // host of OAuth's redirect_uri, else 50001; "" = any
	Hidden           []string      // people outside the app's visible range
	Mention          string        // what stands between the mention and the text; "" = one space
	ControlChars     bool          // frames carry a raw control character, as the server has been seen to do
}

// Sim is the simulator. Its methods may be called from any goroutine.
type Sim struct {
	o       Options
	tenant  Tenant
	botKey  []byte
	appKey  []byte
	log     *slog.Logger
	client  *http.Client
	handler http.Handler
	ctx     context.Context // ends with Close
	stop    context.CancelFunc
	wg      sync.WaitGroup // what spawn started

	settling sync.Mutex // one settling or clock move at a time; taken before mu

	mu         sync.Mutex // guards everything below; never held over a call to the bot or the house
	now        time.Time
	next       time.Time // the house's next due moment, as last heard
	base       string
	botURL     string
	appURL     string
	book       transcript
	groups     map[string]*Chat // groups that came up without being in the population, and members who joined
	meters     map[string]*meter
	faults     []*fault
	requests   []request
	reqSeq     int64
	violations []violation
	tokens     tokens
	sent       map[string]duplicate     // enable_duplicate_check: fingerprint → first answer
	codes      map[string]*responseCode // response_code of app cards
	urls       map[string]*responseURL  // response_url of aibot callbacks
	media      map[string]*medium
	stored     map[string]*stored     // by media_id
	uploads    map[string]*lineUpload // by upload_id
	appGroups  map[string]*appGroup   // groups the app made
	grants     map[string]grant       // OAuth codes
	tickets    map[string]grant       // user_tickets
	messages   map[string]*sentOnce   // by message/send's msgid
	missed     []func()               // callbacks nobody heard (Switches.Replay)
	tasks      map[string]bool        // task ids seen, by sender
	entered    map[string]string      // userid → day of the last enter_chat
	talked     map[string]bool        // conversations that have talked to the bot
	busy       map[string]chan bool   // userid → slots of messages in interaction
	line       *conn                  // the subscribed long connection
	conns      map[*conn]bool
	stale      map[string]*interaction // req_ids of earlier connections (Switches.StaleReqIDs)
	pads       int
	closed     bool
}

// New makes a simulator whose clock stands at o.At. It listens nowhere: serve Handler.
func New(o Options) (*Sim, error) {
	if o.House == nil {
		return nil, errors.New("new simulator: no house")
	}
	if o.At.IsZero() {
		o.At = time.Date(2020, 2, 13, 15, 0, 0, 0, zone)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Callback == 0 {
		o.Callback = callbackBudget
	}
	if o.Wait == 0 {
		o.Wait = callbackBudget
	}
	o.Switches = o.Switches.withDefaults()
	tenant, err := o.Tenant.filled(o.House.Population())
	if err != nil {
		return nil, fmt.Errorf("new simulator: %w", err)
	}
	botKey, err := wecom.Key(tenant.BotAESKey)
	if err != nil {
		return nil, fmt.Errorf("new simulator: bot key: %w", err)
	}
	appKey, err := wecom.Key(tenant.AppAESKey)
	if err != nil {
		return nil, fmt.Errorf("new simulator: app key: %w", err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil // the bot is on this machine
	s := &Sim{
		o: o, tenant: tenant, botKey: botKey, appKey: appKey, log: o.Logger,
		client: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		now:    o.At.In(zone),
		base:   o.Base,
		groups: map[string]*Chat{},
		meters: map[string]*meter{},
		tokens: tokens{issued: map[string]time.Time{}, refused: map[string]*refusals{}},
		sent:   map[string]duplicate{},
		codes:  map[string]*responseCode{},
		urls:   map[string]*responseURL{},
		media:  map[string]*medium{},
		stored: map[string]*stored{}, uploads: map[string]*lineUpload{}, appGroups: map[string]*appGroup{},
		grants: map[string]grant{}, tickets: map[string]grant{}, messages: map[string]*sentOnce{},
		tasks:   map[string]bool{},
		entered: map[string]string{},
		talked:  map[string]bool{},
		busy:    map[string]chan bool{},
		conns:   map[*conn]bool{},
		stale:   map[string]*interaction{},
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.handler = s.routes()
	return s, nil
}

func (w Switches) withDefaults() Switches {
	if w.StreamLife == 0 {
		w.StreamLife = 6 * time.Minute
	}
	if w.PollEvery == 0 {
		w.PollEvery = time.Second
	}
	if w.Idle == 0 {
		w.Idle = 90 * time.Second
	}
	if w.UsedResponse == 0 {
		w.UsedResponse = 40058
	}
	if w.TooLarge == 0 {
		w.TooLarge = 45001
	}
	if w.WrongSecrets == 0 {
		w.WrongSecrets = maxRefusals
	}
	if w.OverLimit == 0 {
		w.OverLimit = 846607
	}
	if w.Mention == "" {
		w.Mention = " "
	}
	return w
}

// Handler serves the platform (/cgi-bin/…, /ws, /media/…), the handle (/sim/…) and
// the page (/).
func (s *Sim) Handler() http.Handler { return s.handler }

// Tenant is what an administrator would copy out of the platform's console.
func (s *Sim) Tenant() Tenant { return s.tenant.clone() }

// Close ends the long connections, the polling of unfinished streams and the page's
// event streams. It does not stop the server that serves Handler.
func (s *Sim) Close() {
	s.stop()
	s.mu.Lock()
	s.closed = true
	open := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		open = append(open, c)
	}
	s.mu.Unlock()
	for _, c := range open {
		c.ws.CloseNow()
	}
	s.wg.Wait()
	s.client.CloseIdleConnections()
}

// spawn runs f until it ends; Close waits for it. After Close nothing is started.
func (s *Sim) spawn(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.wg.Go(f)
	}
}

func (s *Sim) routes() http.Handler {
	mux := http.NewServeMux()
	s.platformRoutes(mux)
	s.handleRoutes(mux)
	s.pageRoutes(mux)
	return mux
}

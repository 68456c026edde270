package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"juwei/bot/clockwork"
	"juwei/bot/courier"
	"juwei/bot/wecom"
	"juwei/config"
	"juwei/handlers"
)

// works is everything that follows from one configuration: who is who, what people may
// type, what is due when, and the addresses WeCom calls. A reload makes new works and swaps
// them in whole; a message or a turn that began on the old ones ends on them.
type works struct {
	cfg       *config.Config
	dir       *handlers.Directory
	router    *handlers.Router
	clockwork *clockwork.Clockwork
	courier   *courier.Courier
	ways      courier.Ways
	client    *wecom.Client
	doors     *http.ServeMux
	restart   []string // what the files say beside it, and only a restart puts in force
}

// works are those that run now.
func (a *app) works() *works { return a.running.Load() }

// build makes the works of a configuration. Everything that can fail fails here.
func (a *app) build(ctx context.Context, cfg *config.Config) (_ *works, err error) {
	defer func() {
		if p := recover(); p != nil { // two commands or duties of one name: a mistake the check lets through
			err = fmt.Errorf("%w: %v", errWiring, p)
		}
	}()
	n := &works{cfg: cfg, dir: handlers.NewDirectory(cfg.Streets)}
	if err := n.dir.Refresh(ctx, a.store); err != nil {
		return nil, err
	}
	if n.client, err = a.newClient(cfg); err != nil {
		return nil, err
	}
	fs, w := families(), cfg.Bot.WeCom
	n.router = handlers.NewRouter(handlers.RouterOptions{
		BotName: w.Bot.Name, Directory: n.dir, Book: a.store, Door: watched{a.store, a.remembered}, Families: fs,
		Patience: budgetPatience, Resolve: n.client.ResolveUser, Committed: func(string) { a.nudge() },
		Watch: a.metrics.handled, Logger: a.log,
	})
	n.clockwork = clockwork.New(clockwork.Options{
		Directory: n.dir, Store: a.store, Duties: duties(fs), Items: dueItems(fs), Jitter: a.options.Jitter,
		Done: a.metrics.dutyDone, Logger: a.log,
	})
	n.ways = courier.Ways{Directory: n.dir, Client: n.client, Corp: w.App.CorpID, Bot: w.Bot.ID}
	if a.line != nil {
		n.ways.Line = a.line
	}
	n.courier = courier.New(courier.Options{
		Store: a.store, Directory: n.dir, Recipes: recipes(fs), Outlet: n.ways.Outlet, Now: a.clock.Now,
		Owner: a.options.Owner, Lease: a.sendBudget() + 5*time.Second, Attempts: 5, Parallel: 4, Streets: 32,
		Patience: a.options.Slow, Sent: a.metrics.sent, Logger: a.log,
	})
	n.doors, err = a.newDoors(cfg)
	return n, err
}

// errWiring says that a configuration cannot be put together.
var errWiring = errors.New("configuration does not fit together")

func (a *app) sendBudget() time.Duration { return cmp.Or(a.options.Send, budgetSend) }

// newClient is the platform's client; the one in use if nothing about it has changed, for
// it holds the access token.
func (a *app) newClient(cfg *config.Config) (*wecom.Client, error) {
	w := cfg.Bot.WeCom
	if old := a.works(); old != nil {
		was := old.cfg.Bot
		if was.WeCom.APIBase == w.APIBase && was.CAFile == cfg.Bot.CAFile && reflect.DeepEqual(was.WeCom.App, w.App) {
			return old.client, nil
		}
	}
	c, err := wecom.NewClient(wecom.ClientOptions{
		APIBase: w.APIBase, CAFile: cfg.Bot.CAFile, CorpID: w.App.CorpID, AgentID: w.App.AgentID,
		Secret: wecom.Secret(w.App.Secret.Reveal()), Budget: a.sendBudget(), Now: a.clock.Now, Logger: a.log,
	})
	if err != nil {
		return nil, fmt.Errorf("wecom client: %w", err)
	}
	return c, nil
}

// newDoors are the addresses WeCom calls.
func (a *app) newDoors(cfg *config.Config) (*http.ServeMux, error) {
	mux, w := http.NewServeMux(), cfg.Bot.WeCom
	if w.Bot.Mode == config.ModeCallback {
		c, err := wecom.NewCipher(w.Bot.AESKey.Reveal(), w.Bot.Token.Reveal(), "")
		if err != nil {
			return nil, fmt.Errorf("bot callback: %w", err)
		}
		mux.Handle(w.Bot.Path, wecom.BotCallback(wecom.BotOptions{
			BotID: w.Bot.ID, Cipher: c, Receive: a.receive, Now: a.clock.Now, Budget: budgetReceive, Logger: a.log,
		}))
	}
	if w.App.CorpID != "" {
		c, err := wecom.NewCipher(w.App.AESKey.Reveal(), w.App.Token.Reveal(), w.App.CorpID)
		if err != nil {
			return nil, fmt.Errorf("app callback: %w", err)
		}
		mux.Handle(w.App.Path, wecom.AppCallback(wecom.AppOptions{
			AgentID: w.App.AgentID, Cipher: c, Receive: a.receive, Now: a.clock.Now, Budget: budgetReceive, Logger: a.log,
			Answer: a.answerByApp,
		}))
	}
	return mux, nil
}

// doors leads a call to the address as it is configured now.
func (a *app) doors(w http.ResponseWriter, r *http.Request) { a.works().doors.ServeHTTP(w, r) }

// callbacks puts the doors among other addresses, at the paths they have at the start.
func (a *app) callbacks(mux *http.ServeMux) error {
	w := a.works().cfg.Bot.WeCom
	if w.Bot.Mode == config.ModeCallback {
		mux.HandleFunc(w.Bot.Path, a.doors)
	}
	if w.App.CorpID != "" {
		mux.HandleFunc(w.App.Path, a.doors)
	}
	return nil
}

// swap puts new works in the place of the running ones, between two turns.
func (a *app) swap(n *works) {
	a.turns.Lock()
	a.running.Store(n)
	a.turns.Unlock()
	a.nudge()
}

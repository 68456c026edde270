package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// tried is what `bot try` prints.
type tried struct {
	Command    string         `json:"command"`
	Unit       string         `json:"unit"`
	Period     string         `json:"period"`
	Values     map[string]any `json:"values"`
	Asks       []string       `json:"asks"`
	Refusal    *triedRefusal  `json:"refusal"`
	Reply      string         `json:"reply"`
	Pushes     []triedPush    `json:"pushes"`
	WouldStore bool           `json:"would_store"`     // false while something is asked: a question that waits is no report
	Parts      []tried        `json:"parts,omitempty"` // only if the message held several commands
}

type triedRefusal struct {
	What string `json:"what"`
	Fix  string `json:"fix"`
}

type triedPush struct {
	To   string `json:"to"`
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// runTry shows what the bot would make of a line. It writes nothing: with -config it
// reads the real records, without it the demo street in memory.
func runTry(ctx context.Context, con console, args []string) error {
	set := flags(con, "try")
	dir := set.String("config", "", "配置目录；不写就用演示街道")
	as := set.String("as", "", "谁说的（userid）")
	chat := set.String("chat", "", "在哪个群说的（chatid）；不写就是私聊")
	atText := set.String("at", "", "什么时候说的，例：2020-02-13T16:10")
	rest, err := parseRest(set, args)
	if err != nil {
		return err
	}
	if *as == "" || len(rest) == 0 {
		return errors.New(`请写 -as 谁 和要试的一行字，例：bot try -as sj-meiyuan "/日报 同昨"`)
	}
	at, err := parseAt(*atText)
	if err != nil {
		return err
	}
	b, err := newTryBench(ctx, con, *dir, at)
	if err != nil {
		return err
	}
	defer b.close()
	out := b.try(ctx, *as, *chat, strings.Join(rest, " "))
	enc := json.NewEncoder(con.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}

// tryBench is a Router that cannot write.
type tryBench struct {
	router *handlers.Router
	cfg    *config.Config
	at     time.Time
	undo   []func()
}

func newTryBench(ctx context.Context, con console, dir string, at time.Time) (*tryBench, error) {
	b := &tryBench{at: at}
	var st *store.Store
	var err error
	if dir != "" {
		if b.cfg, err = loadConfig(con, dir); err != nil {
			return nil, err
		}
		if b.at.IsZero() {
			b.at = time.Now()
		}
		if st, err = openStore(ctx, b.cfg); err != nil {
			return nil, err
		}
	} else {
		if b.cfg, err = config.Demo(known()); err != nil {
			return nil, err
		}
		if b.at.IsZero() {
			if b.at, err = parseAt(demoStart); err != nil {
				return nil, err
			}
		}
		mini, err := miniredis.Run()
		if err != nil {
			return nil, fmt.Errorf("embedded redis: %w", err)
		}
		b.undo = append(b.undo, mini.Close)
		ring, err := demoRing()
		if err != nil {
			return nil, err
		}
		if st, err = store.Open(ctx, store.Options{Addrs: []string{mini.Addr()}, Timeout: budgetRedis, Seal: ring, AuditKey: ring.AuditKey()}); err != nil {
			return nil, err
		}
	}
	b.undo = append(b.undo, func() { st.Close() })
	options := handlers.RouterOptions{
		BotName: b.cfg.Bot.WeCom.Bot.Name, Directory: handlers.NewDirectory(b.cfg.Streets), Book: st, Door: st,
		Families: families(), Patience: budgetPatience, Logger: slog.New(slog.DiscardHandler),
	}
	if dir == "" {
		s := b.cfg.Streets[0]
		if err := seed(ctx, handlers.NewRouter(options), st, s, s.Day(b.at)); err != nil {
			b.close()
			return nil, err
		}
	} else if err := options.Directory.Refresh(ctx, st); err != nil {
		b.close()
		return nil, err
	}
	options.Door = closedDoor{}
	b.router = handlers.NewRouter(options)
	return b, nil
}

func (b *tryBench) close() {
	for i := len(b.undo) - 1; i >= 0; i-- {
		b.undo[i]()
	}
}

// closedDoor takes every act for granted and writes none.
type closedDoor struct{}

func (closedDoor) Commit(context.Context, store.Act) (store.Done, error) { return store.Done{}, nil }

func (b *tryBench) try(ctx context.Context, as, chat, text string) tried {
	m := handlers.Message{ID: "try", Via: handlers.ViaBot, Chat: chat, From: as, Kind: handlers.Text, Text: text, At: b.at}
	if name := "@" + b.cfg.Bot.WeCom.Bot.Name; chat != "" && !strings.Contains(text, name) {
		m.Text = name + " " + text // what reaches the bot from a group always mentions it
	}
	return show(b.router.Try(ctx, m))
}

// stores reports whether an outcome keeps what was said: an open question is kept too, but
// until it is answered nothing is reported.
func stores(out handlers.Outcome) bool {
	return slices.ContainsFunc(out.Changes, func(c store.Change) bool { return !c.In(store.Drafts()) })
}

// show is a result as `bot try` prints it.
func show(res handlers.Result) tried {
	read := res.Outcome.Read
	out := tried{
		Command: res.Command, Unit: read.Unit, Period: read.Period, Values: read.Values, Asks: read.Asks,
		Reply: res.Outcome.Reply.Text, Pushes: []triedPush{}, WouldStore: stores(res.Outcome),
	}
	if out.Values == nil {
		out.Values = map[string]any{}
	}
	if out.Asks == nil {
		out.Asks = []string{}
	}
	if res.Refusal != nil {
		out.Refusal = &triedRefusal{res.Refusal.What, res.Refusal.Fix}
	}
	for _, p := range res.Outcome.Pushes {
		push := triedPush{To: p.To, Kind: p.Kind}
		if parcel, err := handlers.OpenParcel(p.Body); err == nil {
			push.Text = parcel.Content.Text
		}
		out.Pushes = append(out.Pushes, push)
	}
	for _, part := range res.Parts {
		out.Parts = append(out.Parts, show(part))
		out.WouldStore = out.WouldStore || stores(part.Outcome)
	}
	return out
}

package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"juwei/handlers"
	"juwei/store/storetest"
)

// Whatever is offered to somebody who was not understood can be sent by her as it stands,
// whoever she is: it is a command, it is hers, and what it names is there. Not every line
// finds something to do: there may be no notice 7.
func TestOffersWork(t *testing.T) {
	t.Parallel()
	d := startDemo(t, storetest.Mini(t), nil)
	cfg := d.app.works().cfg
	s := cfg.Streets[0]
	r := handlers.NewRouter(handlers.RouterOptions{
		BotName: cfg.Bot.WeCom.Bot.Name, Directory: handlers.NewDirectory(cfg.Streets), Book: d.app.store, Door: noDoor{},
		Families: families(), Patience: time.Second, Logger: slog.New(slog.DiscardHandler),
	})
	at := s.At(s.Day(d.app.clock.Now()), 15*60)
	n := 0
	say := func(who, text string) handlers.Result {
		n++
		return r.Try(context.Background(), handlers.Message{ID: fmt.Sprint("offer:", n), Via: handlers.ViaBot, From: who, Kind: handlers.Text, Text: text, At: at})
	}
	for _, p := range s.People {
		lost := say(p.UserID, "今天风好大")
		if lost.Refusal == nil {
			t.Fatalf("%s is understood: %q", p.Title, lost.Outcome.Reply.Text)
		}
		_, offers, _ := strings.Cut(lost.Refusal.Fix, "\n")
		if offers == "" {
			t.Errorf("%s is offered nothing: %q", p.Title, lost.Refusal.Fix)
		}
		for line := range strings.Lines(offers) {
			line = strings.TrimSpace(line)
			res := say(p.UserID, line)
			switch why := res.Refusal; {
			case res.Err != nil:
				t.Errorf("%s> %s: %v", p.Title, line, res.Err)
			case res.Command == "":
				t.Errorf("%s> %s is no command", p.Title, line)
			case why != nil && (notYours.MatchString(why.Error()) || strings.Contains(why.Error(), "没看") || strings.Contains(why.Error(), "没有登记") || strings.Contains(why.Error(), "现在不") || strings.Contains(why.Error(), "现在没有要")):
				t.Errorf("%s> %s: %s", p.Title, line, why.Error())
			}
		}
	}
}

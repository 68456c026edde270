package main

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// yesterdayLines are what the demo street's secretaries reported the day before the
// demo begins: "userid line", one a line.
//
//go:embed demo/yesterday.txt
var yesterdayLines string

// seed puts yesterday's reports in place by the same door through which today's come in.
// A street that has them already, or had no such form yesterday, is left as it is.
func seed(ctx context.Context, r *handlers.Router, st *store.Store, s *config.Street, today config.Day) error {
	yesterday := today.Add(-1)
	if !slices.ContainsFunc(s.Active(yesterday), func(p *config.Pack) bool { return p.Form("日报") != nil }) {
		return nil
	}
	b := st.Read(s.Code)
	there := b.Size(store.Reports("日报", string(yesterday)))
	if err := b.Run(ctx); err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	if *there > 0 {
		return nil
	}
	at := s.At(yesterday, 16*60)
	for line := range strings.Lines(yesterdayLines) {
		who, text, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || strings.HasPrefix(who, "#") {
			continue
		}
		if !slices.ContainsFunc(s.People, func(p config.Person) bool { return p.UserID == who }) { // a smaller street
			continue
		}
		res := r.Try(ctx, handlers.Message{ID: "seed:" + string(yesterday) + ":" + who, Via: handlers.ViaBot, From: who, Kind: handlers.Text, Text: text, At: at})
		if res.Err != nil || res.Refusal != nil || len(res.Outcome.Read.Asks) > 0 {
			return fmt.Errorf("seed %s: %q was not stored: %s", who, text, res.Outcome.Reply.Text)
		}
	}
	return nil
}

package handlers

import (
	"context"

	"juwei/config"
	"juwei/handlers/syntax"
	"juwei/store"
)

// What one family needs of another, filled in where the families are wired.

// Rectify answers /改 with a case's number in front (card G9): ok is false when there is no
// such case, or when the line is about something else.
type Rectify func(ctx context.Context, c *Call) (out Outcome, ok bool, err error)

// OnDuty lists the userids of who has the street's duty desk at the desk's moment, the
// first to be called first.
type OnDuty func(ctx context.Context, d *Desk) ([]string, error)

// AskNotice records a question about one point of a notice: ref holds the notice's number
// and the point (通知7.2), text the question. A notice or point that is not there is a
// Refusal.
type AskNotice func(ctx context.Context, c *Call, ref syntax.Ref, text string) (Outcome, error)

// DigestLine joins the reading of one line for a morning's digest about a day to a batch;
// the result is called after the batch has run, and is "" when there is nothing to say.
type DigestLine func(d *Desk, b *store.Batch, day config.Day) func() (string, error)

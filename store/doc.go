// Package store keeps what the bot must remember, in Redis, and nothing else does.
//
// In: an Act (facts that must still hold, changes, pushes, one audit line) and the time
// it happened. Out: what was remembered, or ErrStale when somebody else was faster, or
// ErrUnavailable when Redis could not be asked.
//
// Start with keys.go (every key there is), then act.go (what one act consists of), then
// commit.go and commit.lua (the one door for writes; convoy.go sends concurrent ones
// together), then read.go (one batch = one round trip). outbox.go is the life of a push,
// audit.go the chain of what was done, verify.go its independent check, seal.go the
// sealing of values.
//
//	b := s.Read("demo")
//	cell := b.Cell(store.Reports("daily", "2020-02-13"), "梅园")
//	if err := b.Run(ctx); err != nil { … }
//	done, err := s.Commit(ctx, store.Act{
//		Street: "demo", ID: "aibot:bot:msg-1", At: at, Day: "2020-02-13",
//		Changes: []store.Change{store.Put(store.Reports("daily", "2020-02-13"), "梅园", cell.Rev, "3|2,0,1|sj-meiyuan|k3f9z")},
//		Line:    &store.Line{Actor: "sj-meiyuan", Command: "日报", Unit: "梅园", Record: "R0213-07", Rev: cell.Rev + 1},
//		Reply:   []byte("已收 R0213-07"),
//	})
//
// The package imports go-redis and the standard library only. It knows no words and no
// configuration, never reads the clock (the time is an argument), never retries, and holds
// no sentence a user could see.
package store

// Package handlers is what the bot answers: the vocabulary that every family of
// commands shares, and the Router that leads a message to one of them.
//
// In: a Message (somebody said or pressed something) or a Moment (a duty became due).
// Out: an Outcome, which a handler decides and never writes itself: what the asker
// hears, what must still hold, what shall be remembered, what shall be said to others.
// The only way on is Commit (commit.go), which asks the store's one door.
//
// Start with message.go (what comes in), outcome.go (what goes out), command.go (what
// a family offers), then router.go, which follows one line from arrival to reply.
//
// A family lives in a folder of its own (report, notice, digest, admin …), imports this
// package, config, store and syntax, and never another family. Nothing here reads the
// clock, opens a connection or starts a goroutine.
package handlers

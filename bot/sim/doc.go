// Package sim is a small, faithful 企业微信 for demos and tests: people type, the bot
// hears it exactly as the platform would say it, and what the bot sends is checked
// against the platform's limits before anybody sees it.
//
// In: the calls of a bot (/cgi-bin/…, /ws) and of whoever plays the people (/sim/…,
// and the chat page at /). Out: encrypted callbacks, platform answers, a transcript.
// The bot and the simulator share no values, only HTTP and the callback crypto; the
// street comes in through House, and so does the clock's effect: the simulator owns
// the clock, which stands still until it is moved, and every window, limit and
// expiry of the platform runs on it.
//
// Start with sim.go (House, Options, Sim), then send.go (what happens when a person
// types). One file per channel: botcallback.go and reply.go (aibot, URL mode),
// longconn.go and lineupload.go (aibot, long connection), response.go (response_url),
// webhook.go, app.go, appchat.go and appcallback.go; upload.go keeps files, login.go is
// OAuth, contact.go who is who; handle.go is the handle under /sim, page.go the page.
// The limits that are counted are meters (meter.go), tested in limits_test.go.
//
// Wherever the platform's documents leave a point open, the choice is a field of
// Switches. From names in the transcript: a person's userid; the bot's display name
// for replies and for what an aibot pushes; FromPush for what a webhook or the app
// pushes.
package sim

// Package wecom speaks with the WeCom (企业微信) platform, and nothing else here does.
// In: callbacks and long-connection frames, which become handlers.Message. Out:
// handlers.Content, which becomes an encrypted reply, a webhook post, an app message
// or a frame; every failure is an *Error that says whether the request had been written.
// Start with channels.go (which way carries what, and how much), callback_bot.go (a group's
// line in, its answer out), then client.go and send.go (what the bot says on its own);
// crypto.go and split.go are the two things both need.
// It imports the handlers root only. It never retries (the courier does), never waits
// for a rate limit, knows no business words, and puts no text and no secret into a log.
package wecom

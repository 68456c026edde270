// Command bot is 居委助手: a chat-bot for the 企业微信 groups of a street's
// residential-committee secretaries.
//
// In: a command line (cli.go lists the commands). Out: an exit code. Everything else is
// wiring: wire.go says which families there are, app.go how the parts are put together
// and in which order they stop.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // a bare image knows Asia/Shanghai
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

package courier

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"juwei/bot/wecom"
	"juwei/handlers"
)

// Limits of the platform (WECOM.md §13). What a member receives above them is dropped
// without a word, so the pace is kept here.
const (
	webhookPerMinute = 20   // per key; above it 45009
	memberPerMinute  = 30   // app messages per member
	memberPerHour    = 1000 //
)

// Outlets says which channel serves which target:
//
//	a chat with a webhook key   → the webhook robot, 20/min per key, no way to repeat safely
//	a chat without one          → nobody: the bot's callback can only answer
//	a person                    → the app, 30/min and 1000/h per member, repeats are dropped
func Outlets(dir *handlers.Directory, client *wecom.Client, corp string) func(*handlers.Street, handlers.Target) (Outlet, error) {
	return func(s *handlers.Street, to handlers.Target) (Outlet, error) {
		if name, ok := strings.CutPrefix(string(to), "chat:"); ok {
			return chatOutlet(dir, client, s, name)
		}
		userid, ok := strings.CutPrefix(string(to), "user:")
		if !ok {
			return Outlet{}, &ErrNoOutlet{"不认识的收件人：" + string(to)}
		}
		pace := "app:" + corp + ":" + userid
		return Outlet{
			Channel: "app", Dedupe: true,
			Paces: []Pace{
				{Key: pace, Window: time.Minute, Limit: memberPerMinute},
				{Key: pace + ":h", Window: time.Hour, Limit: memberPerHour},
			},
			Send: func(ctx context.Context, c handlers.Content) error {
				_, err := client.App(ctx, userid, c, wecom.SendOptions{Dedupe: true})
				return err
			},
		}, nil
	}
}

func chatOutlet(dir *handlers.Directory, client *wecom.Client, s *handlers.Street, name string) (Outlet, error) {
	chat, ok := dir.ChatNamed(s, name)
	if !ok {
		return Outlet{}, &ErrNoOutlet{"配置里没有这个群：" + name}
	}
	key := chat.Webhook.Reveal()
	if key == "" {
		return Outlet{}, &ErrNoOutlet{name + "没有配置消息推送的 webhook，发不出去"}
	}
	// The key is write access to the group: only its hash may appear in Redis.
	sum := sha256.Sum256([]byte(key))
	return Outlet{
		Channel: "webhook",
		Paces:   []Pace{{Key: "webhook:" + hex.EncodeToString(sum[:8]), Window: time.Minute, Limit: webhookPerMinute}},
		Send: func(ctx context.Context, c handlers.Content) error {
			for i, part := range wecom.Split(wecom.Plain(c), wecom.LimitText) {
				err := client.Webhook(ctx, wecom.Secret(key), handlers.Say(part), wecom.SendOptions{})
				if err != nil && i > 0 { // the first parts have been said: going again is saying twice
					return &wecom.Error{Op: "webhook", Msg: err.Error(), Wrote: true}
				}
				if err != nil {
					return err
				}
			}
			return nil
		},
	}, nil
}

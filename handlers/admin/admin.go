// Package admin is help, and what the administrator does in chat.
//
// In: /帮助, /绑定, /日程 and /投递. Out: three lines by role, a chat bound to its name in
// the overlay, what the bot will do by itself next, or what became of what it said.
// Start with Handlers.
package admin

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// Handlers is what the family offers.
func Handlers(agenda Agenda) handlers.Family {
	return handlers.Family{
		Name:   "admin",
		Office: string(config.RoleAdmin),
		Commands: func(*config.Street) []handlers.Command {
			return []handlers.Command{{
				Name: "帮助", Aliases: []string{"?", "help", "菜单", "怎么用"},
				Summary: "怎么用", Usage: "/帮助 [命令]", Example: "/帮助 日报", Run: help,
			}, {
				Name: "绑定", Roles: []config.Role{config.RoleAdmin}, Binding: true,
				Summary: "登记一个群", Usage: "/绑定 群名 登记码", Example: "/绑定 书记群 K7QM",
				Detail: "在要登记的群里 @我 /绑定，会得到登记码；再发：/绑定 群名 登记码", Run: bind,
			}, agenda.command(), deliveryCommand()}
		},
		Dialogues: []handlers.Dialogue{{Name: "客气", Try: courtesy}},
		Recipes:   []handlers.Recipe{{Name: handlers.RecipeUndelivered, Render: undelivered}},
	}
}

// help is three lines by role; /帮助 日报 is one command in full.
func help(_ context.Context, c *handlers.Call) (handlers.Outcome, error) {
	cmds := c.Commands()
	if name := strings.TrimPrefix(strings.TrimSpace(c.Rest), "/"); name != "" {
		return explain(c, name)
	}
	var lines, more []string
	for _, cmd := range cmds {
		if len(lines) < 2 && cmd.Name != "帮助" {
			lines = append(lines, fmt.Sprintf("%s：%s", cmd.Summary, cmd.Example))
			continue
		}
		more = append(more, cmd.Name)
	}
	lines = append(lines, "还能发："+strings.Join(more, "、")+"。详细发：帮助 "+cmds[0].Name)
	return handlers.Answer(strings.Join(lines, "\n")), nil
}

func explain(c *handlers.Call, name string) (handlers.Outcome, error) {
	cmd, ok := c.Command(name)
	switch {
	case !ok:
		return handlers.Outcome{}, handlers.Refusef("想看能用哪些，发：帮助", "没有“%s”这个命令，或者不归您用。", name)
	case cmd.Detail != "":
		return handlers.Answer(cmd.Detail), nil
	}
	last := "例：" + cmd.Example
	if cmd.Fits != nil && cmd.Fits(c) == "" {
		last = "您自己没有要发的。"
	}
	return handlers.Answer(fmt.Sprintf("%s：%s\n写法：%s\n%s", cmd.Name, cmd.Summary, cmd.Usage, last)), nil
}

// bind is /绑定. In a chat that nobody has bound it shows a short code; with a chat's
// configured name and that code, from anywhere, it binds.
func bind(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	words := strings.Fields(c.Rest)
	if len(words) == 0 {
		return showCode(c)
	}
	if len(words) != 2 {
		return handlers.Outcome{}, handlers.Refuse("请写群名和登记码。", "例：/绑定 书记群 K7QM")
	}
	chat, ok := c.Dir.ChatNamed(c.Street, words[0])
	if !ok {
		return handlers.Outcome{}, handlers.Refusef("可登记的有："+names(c.Street), "配置里没有叫“%s”的群。", words[0])
	}
	code := strings.ToUpper(words[1])
	b := c.Read()
	cell := b.Cell(store.Records("bindcode"), code)
	old := b.Cell(store.Overlay(handlers.ChatOverlay), chat.Name)
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read binding code: %w", err)
	}
	if cell.Rev == 0 {
		return handlers.Outcome{}, handlers.Refuse("没有这个登记码。", "请在要登记的群里发：@"+c.BotName()+" /绑定")
	}
	text := fmt.Sprintf("好了，%s已登记，大家可以在群里@我了。", chat.Name)
	if chat.ChatID != "" && chat.ChatID != cell.Value {
		text = fmt.Sprintf("好了，%s换成了这个群，原来的群不再用。推送还走原来群里的 webhook，请把配置里的也换掉。", chat.Name)
	}
	out := handlers.Answer(text)
	out.Changes = []store.Change{store.Put(store.Overlay(handlers.ChatOverlay), chat.Name, old.Rev, cell.Value)}
	out.Audit = handlers.Audit{Record: "绑定/" + chat.Name, Rev: old.Rev + 1, Values: cell.Value}
	out.Overlay = true
	return out, nil
}

func showCode(c *handlers.Call) (handlers.Outcome, error) {
	if c.Private() {
		return handlers.Outcome{}, handlers.Refuse("要在登记的那个群里发。", "请在群里发：@"+c.BotName()+" /绑定")
	}
	if c.Chat.Name != "" {
		return handlers.Outcome{}, handlers.Refusef("要换一个群，请在新群里发：@"+c.BotName()+" /绑定", "这个群已登记为%s。", c.Chat.Name)
	}
	code := codeOf(c.Message.Chat)
	out := handlers.Answer(fmt.Sprintf("这个群的登记码：%s\n请发：/绑定 群名 %s\n可登记的有：%s", code, code, names(c.Street)))
	out.Changes = []store.Change{store.Put(store.Records("bindcode"), code, store.Any, c.Message.Chat)}
	out.Audit = handlers.Audit{Record: "登记码/" + code, Values: c.Message.Chat}
	return out, nil
}

// codeOf is short enough to type and the same each time it is asked for. It is no
// secret: only an administrator can use it.
func codeOf(chatid string) string {
	sum := sha256.Sum256([]byte("bind " + chatid))
	return base32.NewEncoding("ABCDEFGHJKMNPQRSTUVWXYZ234567890").WithPadding(base32.NoPadding).EncodeToString(sum[:4])[:5]
}

func names(s *config.Street) string {
	var out []string
	for _, chat := range s.Chats {
		out = append(out, chat.Name)
	}
	return strings.Join(out, "、")
}

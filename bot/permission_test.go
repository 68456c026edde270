package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
	"juwei/store/storetest"
)

// permissions is the table an officer reads: who may use which word, and where.
const permissions = "testdata/permissions.txt"

// noDoor is a door through which nothing goes.
type noDoor struct{}

func (noDoor) Commit(_ context.Context, a store.Act) (store.Done, error) {
	return store.Done{Reply: a.Reply, Pushes: make([]int64, len(a.Pushes))}, nil
}

// What a refusal for want of a right sounds like, and one for the place.
var (
	notYours  = regexp.MustCompile(`要由.*来发|不归您`)
	elsewhere = regexp.MustCompile(`只在.*(私聊|群)|请?(长按撤回，)?私聊我`)
)

// The matrix of role × command × place, asked of the running program: every command of the
// demo street is said by somebody of every role, alone and in a group of every kind. A
// command that is new, or whose rights have changed, is seen here by whoever reads the diff
// (-update writes it).
func TestPermissions(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	d := startDemo(t, storetest.Mini(t), nil)
	cfg := d.app.works().cfg
	s := cfg.Streets[0]
	fs := families()
	r := handlers.NewRouter(handlers.RouterOptions{
		BotName: cfg.Bot.WeCom.Bot.Name, Directory: handlers.NewDirectory(cfg.Streets), Book: d.app.store, Door: noDoor{},
		Families: fs, Patience: time.Second, Logger: slog.New(slog.DiscardHandler),
	})
	people := map[config.Role]config.Person{}
	for _, role := range config.Roles() {
		for _, p := range s.People {
			if len(p.Roles) == 1 && p.Roles[0] == role || p.Has(role) && people[role].UserID == "" {
				people[role] = p
			}
		}
	}
	fmt.Fprintln(&got, "谁在哪里可以用哪个命令。✓ 私聊和群里都行；私 只在私聊；群名 只在这些群和私聊；· 不行。")
	fmt.Fprintln(&got, "由测试问程序得来（go test ./bot -run TestPermissions -update），请领导看差异。")
	at := s.At(s.Day(d.app.clock.Now()), 15*60)
	asked := 0
	slices.SortFunc(fs, func(a, b handlers.Family) int { return strings.Compare(a.Name, b.Name) })
	for _, f := range fs {
		if f.Commands == nil {
			continue
		}
		fmt.Fprintf(&got, "\n[%s]\n", f.Name)
		cmds := f.Commands(s)
		slices.SortFunc(cmds, func(a, b handlers.Command) int { return strings.Compare(a.Name, b.Name) })
		for _, c := range cmds {
			cells := map[string][]string{}
			var order []string
			for _, role := range config.Roles() {
				p, ok := people[role]
				if !ok {
					continue
				}
				say := func(chat string) string {
					asked++
					res := r.Try(context.Background(), handlers.Message{
						ID: fmt.Sprintf("t%d", asked), Via: handlers.ViaBot, From: p.UserID, Chat: chat, Kind: handlers.Text,
						Text: "@" + cfg.Bot.WeCom.Bot.Name + " /" + c.Name, At: at,
					})
					if res.Err != nil {
						t.Fatalf("%s, %s: %v", c.Name, role, res.Err)
					}
					return res.Outcome.Reply.Text
				}
				cell := placesOf(s, say)
				if cells[cell] == nil {
					order = append(order, cell)
				}
				cells[cell] = append(cells[cell], string(role))
			}
			slices.Sort(order)
			var parts []string
			for _, cell := range order {
				who := strings.Join(cells[cell], " ")
				if len(cells[cell]) == len(people) {
					who = "所有人"
				}
				parts = append(parts, cell+" "+who)
			}
			fmt.Fprintf(&got, "%s：%s\n", c.Name, strings.Join(parts, "；"))
		}
	}
	if *update {
		if err := os.WriteFile(permissions, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(permissions)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", permissions, diff)
	}
}

// placesOf says where somebody may use a command: · nowhere, 私 alone, ✓ everywhere, or in
// which kinds of group.
func placesOf(s *config.Street, say func(chat string) string) string {
	if notYours.MatchString(say("")) {
		return "·"
	}
	var groups []string
	kinds := 0
	for _, kind := range config.ChatKinds() {
		for _, chat := range s.Chats {
			if chat.Kind != kind {
				continue
			}
			kinds++
			if !elsewhere.MatchString(say(chat.ChatID)) {
				groups = append(groups, chat.Name)
			}
			break
		}
	}
	switch len(groups) {
	case 0:
		return "私"
	case kinds:
		return "✓"
	}
	return strings.Join(groups, "、")
}

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/robfig/cron/v3"

	"juwei/bot/sim"
	"juwei/config"
)

// changeStreet makes the demo street another one for a transcript: "without 纪工委二",
// "without 书记群", "without paper" (a kind of duty), "drill 书记群 sj-meiyuan", "units 梅园 文苑" (a street of these committees only), "until 2020-02-13" (the packs' last day), "from 2020-02-12" (their first: nothing was reported before), "days digest workdays" (of a
// kind of duty), "form 值守 在岗 缺岗" (one more form), "run typhoon" (one more pack), "only typhoon" (no other), "pack marathon.yaml" (one of testdata/packs),
// "shared 民政表 服务办 返沪=当日返沪人数" (one more form, of an office, with the data items of others),
// "by 值守 liaison" (filed by the liaisons), "strict 日报" (neither early nor late), "review 日报 科室" (looked at by 科室),
// "change 日报 2020-02-14 困难 转出" (from that day without the one field, with the other), "at 2020-04-24T15:00" (where the clock
// starts), "fade 日报 3 1 2 3" (a form that fades), "roles 街道主任 片区领导" (what a person is), "person zy-07 志愿者07 志愿者 梅园" and
// "chat g-zyz 志愿者群 志愿者" (one more person, one more group), one a line.
func changeStreet(t *testing.T, s *config.Street, changes string) {
	t.Helper()
	for line := range strings.Lines(changes) {
		verb, what, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch verb {
		case "without":
			s.People = slices.DeleteFunc(s.People, func(p config.Person) bool { return p.Title == what })
			s.Chats = slices.DeleteFunc(s.Chats, func(c config.Chat) bool { return c.Name == what })
			for _, run := range s.Runs { // a kind of duty
				run.Pack.Duties = slices.DeleteFunc(run.Pack.Duties, func(d *config.Duty) bool { return d.Do == what })
			}
		case "units": // a small street, so that two weeks fit a transcript
			kept := strings.Fields(what)
			s.Committees = slices.DeleteFunc(s.Committees, func(c config.Committee) bool { return !slices.Contains(kept, c.Name) })
			s.People = slices.DeleteFunc(s.People, func(p config.Person) bool { return p.Unit != "" && !slices.Contains(kept, p.Unit) })
			for i := range s.Areas {
				s.Areas[i].Committees = slices.DeleteFunc(s.Areas[i].Committees, func(name string) bool { return !slices.Contains(kept, name) })
			}
			s.Areas = slices.DeleteFunc(s.Areas, func(a config.Area) bool { return len(a.Committees) == 0 })
		case "until":
			for i := range s.Runs {
				s.Runs[i].To = config.Day(what)
			}
		case "from":
			for i := range s.Runs {
				s.Runs[i].From = config.Day(what)
			}
		case "days":
			do, days, _ := strings.Cut(what, " ")
			for _, run := range s.Runs {
				for _, d := range run.Pack.Duties {
					if d.Do == do {
						d.Days = config.Days(days)
					}
				}
			}
		case "form": // a second form, of plain counts
			name, fields, _ := strings.Cut(what, " ")
			form := &config.Form{Name: name, Version: 1, Required: true, Who: []config.Role{config.RoleSecretary}, Opens: 8 * 60, Cutoff: 17 * 60}
			for _, f := range strings.Fields(fields) {
				form.Fields = append(form.Fields, &config.Field{Name: f, Kind: config.KindInt, Unit: "户", Words: []string{"户", "个", "人"}, Max: 1500, Example: "3"})
			}
			s.Runs[0].Pack.Forms = append(s.Runs[0].Pack.Forms, form)
		case "shared": // "shared 民政表 服务办 返沪=当日返沪人数": a form that names other forms' data items, approved
			words := strings.Fields(what)
			form := &config.Form{Name: words[0], Owner: words[1], Approved: "党政办主任", Version: 1, Required: true, Zero: true, Who: []config.Role{config.RoleSecretary}, By: config.ByCommittee, Opens: 8 * 60, Cutoff: 17 * 60, Cutoffs: []config.Clock{17 * 60}, Shifts: []string{""}}
			for _, w := range words[2:] {
				name, item, named := strings.Cut(w, "=")
				if !named {
					item = name
				}
				form.Fields = append(form.Fields, &config.Field{Name: name, Item: item, Kind: config.KindInt, Unit: "人", Words: []string{"人", "个"}, Max: 1500, Example: "3"})
			}
			s.Runs[0].Pack.Forms = append(s.Runs[0].Pack.Forms, form)
		case "review": // "review 日报 科室": who accepts a form
			name, role, _ := strings.Cut(what, " ")
			s.Runs[0].Pack.Form(name).Review = config.Role(role)
		case "strict": // "strict 日报": nothing before it opens, nothing after its cut-off
			form := s.Runs[0].Pack.Form(what)
			form.NoEarly, form.NoLate = true, true
		case "change": // "change 日报 2020-02-14 困难 转出": from that day without the one field and with the other
			words := strings.Fields(what)
			form := s.Runs[0].Pack.Form(words[0])
			next := *form
			next.From, next.Version = config.Day(words[1]), form.Version+1
			next.Fields = slices.DeleteFunc(slices.Clone(form.Fields), func(x *config.Field) bool { return x.Name == words[2] })
			next.Fields = append(next.Fields, &config.Field{Name: words[3], Item: words[3], Kind: config.KindInt, Max: 100, Example: "0"})
			form.Succeed(&next)
			s.Runs[0].Pack.Forms = append(s.Runs[0].Pack.Forms, &next)
		case "by": // "by 值守 liaison": who files a form
			name, by, _ := strings.Cut(what, " ")
			form := s.Runs[0].Pack.Form(name)
			form.By, form.Who = config.Reporter(by), []config.Role{config.RoleLiaison}
		case "run": // another of the built-in packs, for the same days
			cfg, err := config.Demo(config.Known{})
			if err != nil {
				t.Fatal(err)
			}
			run := s.Runs[0]
			run.Pack = cfg.Packs[what]
			s.Runs = append(s.Runs, run)
		case "pack": // "pack marathon.yaml": one of testdata/packs, put beside the demo street as an office does
			run := s.Runs[0]
			text, err := os.ReadFile(filepath.Join("testdata", "packs", what))
			if err != nil {
				t.Fatal(err)
			}
			run.Pack = packFrom(t, what, text)
			s.Runs = append(s.Runs, run)
		case "only": // of the packs that run, this one
			s.Runs = slices.DeleteFunc(s.Runs, func(r config.Run) bool { return r.Pack.Name != what })
		case "drill":
			s.Drill = strings.Fields(what)
		case "fade": // "fade 日报 3 1 2 3": after 3 quiet days, a yes covers 1, 2, 3 days; nothing else is due
			words := strings.Fields(what)
			pack := s.Runs[0].Pack
			every := &config.Fade{}
			for i, w := range words[1:] {
				n, err := strconv.Atoi(w)
				switch {
				case err != nil:
					t.Fatal(err)
				case i == 0:
					every.After = n
				default:
					every.Every = append(every.Every, n)
				}
			}
			pack.Form(words[0]).Fade = every
			schedule, err := cron.ParseStandard("0 15 * * *")
			if err != nil {
				t.Fatal(err)
			}
			digest := slices.IndexFunc(pack.Duties, func(d *config.Duty) bool { return d.Do == "digest" })
			pack.Duties = []*config.Duty{pack.Duties[digest], {Do: "fade", Form: words[0], Schedule: schedule, Late: config.LateSkip, Grace: time.Hour}}
		case "roles": // "roles 街道主任 片区领导": what a person is
			words := strings.Fields(what)
			for i, one := range s.People {
				if one.Title != words[0] {
					continue
				}
				s.People[i].Roles = nil
				for _, role := range words[1:] {
					s.People[i].Roles = append(s.People[i].Roles, config.Role(role))
				}
			}
		case "person": // "person zy-07 志愿者07 志愿者 梅园": one more, of a committee or of none
			words := append(strings.Fields(what), "")
			s.People = append(s.People, config.Person{UserID: words[0], Title: words[1], Roles: []config.Role{config.Role(words[2])}, Unit: words[3]})
		case "chat": // "chat g-zyz 志愿者群 志愿者": one more group
			words := strings.Fields(what)
			s.Chats = append(s.Chats, config.Chat{ChatID: words[0], Name: words[1], Kind: config.ChatKind(words[2])})
		case "at": // startOf reads it
		default:
			t.Fatalf("unknown change of the street: %q", line)
		}
	}
}

// packFrom reads a pack as serve and check do: as a file in the folder of packs beside the
// demo street.
func packFrom(t *testing.T, name string, text []byte) *config.Pack {
	t.Helper()
	demo, err := config.Demo(known())
	if err != nil {
		t.Fatal(err)
	}
	const key = "00000000-0000-4000-8000-%012d"
	tenant := sim.Tenant{
		CorpID: "ww0000000000000000", AgentID: 1000002, AppSecret: strings.Repeat("s", 43), AppToken: "apptoken", AppAESKey: strings.Repeat("a", 43),
		BotID: "aib0", BotToken: "bottoken", BotAESKey: strings.Repeat("b", 42) + "A", BotSecret: strings.Repeat("t", 43), Webhooks: map[string]string{},
	}
	for i, c := range demo.Streets[0].Chats {
		tenant.Webhooks[c.ChatID] = fmt.Sprintf(key, i+1)
	}
	dir := t.TempDir()
	if err := writeConfig(dir, "http://127.0.0.1:1", "127.0.0.1:0", "127.0.0.1:1", tenant, demo.Streets[0]); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "packs"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "packs", name), text, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, problems := config.Load(dir, known())
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return cfg.Packs[strings.TrimSuffix(name, ".yaml")]
}

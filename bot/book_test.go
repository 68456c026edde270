package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/xuri/excelize/v2"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/org"
	"juwei/store"
	"juwei/store/storetest"
)

// sameStreet compares what a street says, not where it says it.
var sameStreet = cmp.Options{
	cmpopts.IgnoreTypes(config.Place{}, &config.Calendar{}), cmpopts.EquateEmpty(),
	cmpopts.IgnoreFields(config.Street{}, "Location"), cmpopts.IgnoreFields(config.Run{}, "Pack"), cmpopts.IgnoreFields(config.Chat{}, "Webhook"),
}

// Whatever was changed in chat, the exported file read back is the same street; and then
// nothing in the overlay is needed any more.
func TestExportedBookReadsBackTheSame(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	s := newSite(t, server.Addr(), demoStart, "")
	cfg, err := read(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(12) {
		st := storetest.Mini(t).Open(t)
		street := cfg.Streets[0]
		dir := handlers.NewDirectory(cfg.Streets)
		rnd := rand.New(rand.NewPCG(seed, 7))
		for range 1 + rnd.IntN(8) {
			kind, field, value := randomEdit(rnd, dir.Plain(street), street)
			if _, err := st.Commit(t.Context(), store.Act{Street: street.Code, Changes: []store.Change{store.Put(store.Overlay(kind), field, store.Any, value)}}); err != nil {
				t.Fatal(err)
			}
			if err := dir.Refresh(t.Context(), st); err != nil {
				t.Fatal(err)
			}
		}
		want := org.Written(&handlers.Desk{Street: street, Dir: dir})
		if err := os.WriteFile(filepath.Join(s.dir, "streets", "demo.yaml"), []byte(want.YAML()), 0o600); err != nil {
			t.Fatal(err)
		}
		again, err := read(s.dir)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, want.YAML())
		}
		if diff := cmp.Diff(want, again.Streets[0], sameStreet); diff != "" {
			t.Errorf("seed %d (-in chat +read back):\n%s", seed, diff)
		}
		b := st.Read(street.Code)
		standings := handlers.ReadStandings(b, again.Streets[0])
		if err := b.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if left, err := standings(); err != nil || len(left.Waiting)+len(left.Conflicts) > 0 || len(left.Settled) == 0 {
			t.Errorf("seed %d: after the export the overlay still stands: %+v, %v", seed, left, err)
		}
		next := handlers.NewDirectory(again.Streets)
		if err := next.Refresh(t.Context(), st); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, org.Written(&handlers.Desk{Street: again.Streets[0], Dir: next}), sameStreet); diff != "" {
			t.Errorf("seed %d: the overlay over its own export says something else:\n%s", seed, diff)
		}
	}
}

// randomEdit is something an administrator could do to a street.
func randomEdit(rnd *rand.Rand, plain, yaml *config.Street) (kind, field, value string) {
	area := func(i int) (string, string) {
		e := handlers.EditArea(plain.Areas[i])
		e.Was = handlers.Written(yaml, handlers.AreaOverlay, plain.Areas[i].Name)
		switch rnd.IntN(3) {
		case 0:
			e.Liaison = []string{"ll-1", "ll-2"}[rnd.IntN(2)]
		case 1:
			e.Terms = append(e.Terms, config.Term{Post: config.PostLiaison, Who: "ll-1", From: "2020-02-14", To: "2020-02-20"})
		default:
			e.Terms = append(e.Terms, config.Term{Post: config.PostLeader, Who: "ld-shuji", From: "2020-02-21"})
		}
		return plain.Areas[i].Name, handlers.Print(e)
	}
	switch rnd.IntN(5) {
	case 0:
		id := fmt.Sprintf("new-%d", rnd.IntN(4))
		e := handlers.PersonEdit{Title: "新来的" + id, Roles: []config.Role{config.RoleWorker, config.RoleLiaison}[rnd.IntN(2):], Unit: plain.Committees[rnd.IntN(19)].Name}
		e.Was = handlers.Written(yaml, handlers.PeopleOverlay, id)
		return handlers.PeopleOverlay, id, handlers.Print(e)
	case 1:
		e := handlers.PersonEdit{Title: "梅园社工", Gone: true, Was: handlers.Written(yaml, handlers.PeopleOverlay, "sg-meiyuan")}
		return handlers.PeopleOverlay, "sg-meiyuan", handlers.Print(e)
	case 2:
		name := fmt.Sprintf("小组%d群", rnd.IntN(3))
		return handlers.RoomOverlay, name, handlers.Print(handlers.ChatEdit{Kind: config.ChatTask, Was: handlers.Written(yaml, handlers.RoomOverlay, name)})
	case 3:
		field, value = area(rnd.IntN(len(plain.Areas)))
		return handlers.AreaOverlay, field, value
	}
	c := plain.Committees[rnd.IntN(19)]
	e := handlers.EditUnit(c)
	e.Was = handlers.Written(yaml, handlers.UnitOverlay, c.Name)
	switch n := rnd.IntN(1000); rnd.IntN(3) {
	case 0:
		e.Aliases = append(e.Aliases, fmt.Sprintf("%s又名%d", c.Name, n))
	case 1:
		e.Compounds[0].Gates = append(e.Compounds[0].Gates, fmt.Sprintf("新门%d", n))
	default:
		e.Compounds = append(e.Compounds, handlers.EditedQuarter{Name: fmt.Sprintf("%s新苑%d", c.Name, n), Gates: []string{"正门"}})
	}
	return handlers.UnitOverlay, c.Name, handlers.Print(e)
}

// An edit made in chat and another made in the file at the same place: neither is lost
// silently.
func TestBookConflictsAreFound(t *testing.T) {
	t.Parallel()
	cfg, err := config.Demo(known())
	if err != nil {
		t.Fatal(err)
	}
	s := cfg.Streets[0]
	edit := handlers.PersonEdit{Title: "管理办", Roles: []config.Role{config.RoleOffice, config.RoleLiaison}, Was: handlers.Written(s, handlers.PeopleOverlay, "ksh-1")}
	for _, tt := range []struct {
		name  string
		roles []config.Role // that the file gives by now
		want  handlers.Standing
	}{
		{"the file is as it was", []config.Role{config.RoleOffice}, handlers.Unwritten},
		{"the file says the same", []config.Role{config.RoleOffice, config.RoleLiaison}, handlers.Settled},
		{"the file says a third thing", []config.Role{config.RoleParty}, handlers.Conflict},
	} {
		next := *s
		next.People = slices.Clone(s.People)
		i := slices.IndexFunc(next.People, func(p config.Person) bool { return p.UserID == "ksh-1" })
		next.People[i].Roles = tt.roles
		got, err := handlers.Stands(&next, handlers.PeopleOverlay, "ksh-1", handlers.Print(edit))
		if err != nil || got != tt.want {
			t.Errorf("%s: standing %d, %v; want %d", tt.name, got, err, tt.want)
		}
	}
}

// After the hand-over the old hand is nobody, whatever is typed and wherever; the successor
// may use all the old hand could, and the outbox holds nothing for who has left.
func TestOldHandHasNoRights(t *testing.T) {
	t.Parallel()
	p := newPlayer(t, storetest.Mini(t), "")
	words := map[string]bool{}
	works := p.demo.app.works()
	street := works.dir.Streets()[0]
	for _, f := range families() {
		if f.Commands == nil {
			continue
		}
		for _, c := range f.Commands(street) {
			words[c.Name], words[c.Example] = true, true
		}
	}
	p.play("管理员> /交接 梅园书记 给 nobody\n党政办一> /名册 准 1\n")
	for word := range words {
		for _, chat := range []string{"", "g-shuji"} {
			res := works.router.Try(t.Context(), handlers.Message{
				ID: "old:" + chat + word, Via: handlers.ViaBot, Chat: chat, From: "sj-meiyuan", Kind: handlers.Text,
				Text: "@防控助手 /" + strings.TrimPrefix(word, "/"), At: p.demo.app.clock.Now(),
			})
			if res.Refusal == nil || !strings.Contains(res.Refusal.What, "名单里") && !strings.Contains(res.Refusal.What, "个人信息") {
				t.Errorf("the old hand says %q in %q and hears %q", word, chat, res.Outcome.Reply.Text)
			}
		}
	}
	now, _, ok := works.dir.Person("nobody")
	if !ok || now.Title != "梅园书记" || now.Unit != "梅园" || !now.Has(config.RoleSecretary) {
		t.Errorf("the successor is %+v, %t", now, ok)
	}
	p.out.Reset()
	said := p.play("= 2020-02-13 17:30\n")
	if strings.Contains(said, "应用@梅园书记") {
		t.Errorf("the old hand is still reminded:\n%s", said)
	}
	waiting := p.demo.app.store.Read(street.Code)
	left := waiting.To("user:sj-meiyuan")
	if err := waiting.Run(t.Context()); err != nil || len(*left) > 0 {
		t.Errorf("for the old hand there waits %+v, %v", *left, err)
	}
}

func TestImportNamesEveryBadCell(t *testing.T) {
	t.Parallel()
	book := excelize.NewFile()
	t.Cleanup(func() { book.Close() })
	for i, row := range [][]any{
		{"企业微信账号", "职务", "角色", "居民区"},
		{"li-hua", "荷塘社工", "社工", "荷塘居委"},
		{},
		{"李华", "荷塘社工", "保安", "月球"},
		{"sj-hetang", "荷塘书记", "", ""},
		{"wang-min", "新来的联络员", "联络员、科室"},
	} {
		if err := book.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := book.NewSheet("说明"); err != nil {
		t.Fatal(err)
	}
	if err := book.SetCellStr("说明", "B2", "没有表头"); err != nil {
		t.Fatal(err)
	}
	data := new(bytes.Buffer)
	if err := book.Write(data); err != nil {
		t.Fatal(err)
	}
	s := newSite(t, storetest.Mini(t).Addr(), demoStart, "")
	file := filepath.Join(s.dir, "名单.xlsx")
	if err := os.WriteFile(file, data.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := cli(t, t.Context(), "import", "-config", s.dir, "-street", "demo", file)
	want := "  - {userid: li-hua, title: 荷塘社工, roles: [社工], unit: 荷塘}\n  - {userid: wang-min, title: 新来的联络员, roles: [联络员, 科室]}\n"
	if code != 1 || out != want {
		t.Errorf("code %d, printed\n%s, want\n%s", code, out, want)
	}
	for _, line := range []string{
		"Sheet1:4:1 账号“李华”不对", "Sheet1:4:2 职务“荷塘社工”在Sheet1第2行已经有了", "Sheet1:4:3 没有角色“保安”", "Sheet1:4:4 没有居民区“月球”",
		"Sheet1:5:1 账号“sj-hetang”在配置已经有了", "Sheet1:5:2 职务“荷塘书记”在配置已经有了", "Sheet1:5:3 没有角色",
		"说明:2:1 表头里没有“账号”", "读到2人，8处要改",
	} {
		if !strings.Contains(errs, line) {
			t.Errorf("the faults do not say %q:\n%s", line, errs)
		}
	}
}

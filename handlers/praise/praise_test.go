package praise

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
	"juwei/store/storetest"
)

// What looks like a person's name, and what only begins like one.
func TestNamed(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"和王强谈过了", "张书记已谈话", "王志强", "已找李明", "老张谈过", "小李不肯来", "对陈建国诫勉", "赵某已谈话", "请刘阿姨来过", "和周敏谈话", "找孙主任谈过", "陈先生",
	} {
		if !named(text) {
			t.Errorf("%q names a person", text)
		}
	}
	for _, text := range []string{
		"已谈话", "谈过了", "方案已定", "周三再谈", "高温天谈的", "马上办", "夜班门岗冒雨值守", "自创取号排队法 可推广", "楼组长夜里巡了三遍", "昨天夜里门岗下雨没走", "送菜上门",
		"先放行急救车", "白天谈的", "任务已交", "材料齐了", "文件已发", "已移交", "结案",
	} {
		if named(text) {
			t.Errorf("%q names nobody", text)
		}
	}
}

// The fingerprint is what its comment says, and nothing else.
func TestFingerprintByHand(t *testing.T) {
	t.Parallel()
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte("备07\n梅园\n2020-02-13 15:04\n先放行急救车未登记")))
	want := sum[0:4] + "-" + sum[4:8] + "-" + sum[8:12] + "-" + sum[12:16]
	if got := Fingerprint("备07", "梅园", "2020-02-13 15:04", "先放行急救车未登记"); got != want {
		t.Errorf("fingerprint %s, want %s", got, want)
	}
}

// office is a street of one secretary and one member of the discipline office.
type office struct {
	t     *testing.T
	s     *store.Store
	desk  handlers.Desk
	calls int
}

func newOffice(t *testing.T, s *store.Store) *office {
	t.Helper()
	zone := time.FixedZone("CST", 8*3600)
	street := &config.Street{
		Code: storetest.Street(t), Location: zone,
		Committees: []config.Committee{{Name: "梅园", Ordinal: 1}},
		People: []config.Person{
			{UserID: "sj", Title: "梅园书记", Roles: []config.Role{config.RoleSecretary}, Unit: "梅园"},
			{UserID: "jw", Title: "纪工委一", Roles: []config.Role{config.RoleDiscipline}},
		},
	}
	at := time.Date(2020, 2, 13, 15, 4, 0, 0, zone)
	return &office{t: t, s: s, desk: handlers.Desk{Street: street, Day: street.Day(at), At: at, Dir: handlers.NewDirectory([]*config.Street{street}), Book: s}}
}

// say runs /备 or /提醒 with what stands behind it, and commits.
func (o *office) say(who, rest string, run func(context.Context, *handlers.Call) (handlers.Outcome, error)) (handlers.Outcome, error) {
	o.t.Helper()
	p, _, _ := o.desk.Dir.Person(who)
	o.calls++
	c := &handlers.Call{Desk: o.desk, Person: p, Rest: rest, Message: handlers.Message{Via: handlers.ViaBot, From: who, Kind: handlers.Text, Text: rest}}
	out, _, err := handlers.Settle(context.Background(), o.s, handlers.Occasion{ID: "m" + strconv.Itoa(o.calls), Actor: who, Command: "备"}, &c.Desk,
		func(content handlers.Content) []byte { return []byte(content.Text) }, func() (handlers.Outcome, error) { return run(context.Background(), c) })
	return out, err
}

// A memo that was changed, however it was done, is not taken for what was sealed; and every
// opening stays in the audit.
func TestAlteredMemo(t *testing.T) {
	t.Parallel()
	f := New()
	for name, alter := range map[string]func(t *testing.T, o *office){
		"not at all": func(*testing.T, *office) {},
		"another text, sealed as well": func(t *testing.T, o *office) {
			o.put(store.PutSealed(memos(), "1", store.Any, `{"unit":"梅园","by":"sj","at":1581577440,"text":"先问过值班室"}`, keyMemo))
		},
		"another text, not sealed": func(t *testing.T, o *office) {
			o.put(store.Put(memos(), "1", store.Any, `{"unit":"梅园","by":"sj","at":1581577440,"text":"先问过值班室"}`))
		},
		"another time": func(t *testing.T, o *office) {
			o.put(store.PutSealed(memos(), "1", store.Any, `{"unit":"梅园","by":"sj","at":1581570000,"text":"先放行急救车未登记"}`, keyMemo))
		},
		"one byte of the ciphertext": func(t *testing.T, o *office) {
			client, key := storetest.Client(t, o.s), "{"+o.desk.Street.Code+"}:"+memos().String()
			raw, err := client.HGet(context.Background(), key, "1").Result()
			if err != nil {
				t.Fatal(err)
			}
			last := len(raw) - 1
			if err := client.HSet(context.Background(), key, "1", raw[:last]+string(rune(raw[last])^1)).Err(); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, s *store.Store) {
				o := newOffice(t, s)
				sealed, err := o.say("sj", "先放行急救车未登记", f.memo)
				if err != nil {
					t.Fatal(err)
				}
				if raw := fmt.Sprint(storetest.Dump(t, s, o.desk.Street.Code)); strings.Contains(raw, "急救车") {
					t.Error("the memo can be read in Redis")
				}
				alter(t, o)
				opened, err := o.say("jw", "开 1 核查", f.memo)
				if err != nil {
					t.Fatal(err)
				}
				holds := strings.Contains(opened.Reply.Text, "相符 ✓") && strings.Contains(opened.Reply.Text, "先放行急救车未登记")
				if refused := strings.Contains(opened.Reply.Text, "对不上"); holds == refused || holds != (name == "not at all") {
					t.Errorf("opened: %q after %q", opened.Reply.Text, sealed.Reply.Text)
				}
				lines, err := s.Audit(context.Background(), o.desk.Street.Code, string(o.desk.Day))
				if err != nil {
					t.Fatal(err)
				}
				last := lines[len(lines)-1]
				if last.Actor != "jw" || !strings.HasPrefix(last.Record, "备01/开/") || !strings.Contains(last.Note, "核查") {
					t.Errorf("audit of the opening: %+v", last)
				}
			})
		})
	}
}

// A refused pointer leaves nothing behind, and what is stored is sealed.
func TestPointerIsSealed(t *testing.T) {
	t.Parallel()
	s := storetest.Mini(t).Open(t)
	o := newOffice(t, s)
	f := New()
	if _, err := o.say("jw", "另案3 和王强谈过了", f.point); err == nil {
		t.Error("a name was accepted")
	}
	if dump := storetest.Dump(t, s, o.desk.Street.Code); len(dump) != 0 {
		t.Errorf("a refusal left %v", dump)
	}
	if _, err := o.say("jw", "另案3 已谈话", f.point); err != nil {
		t.Fatal(err)
	}
	if raw := fmt.Sprint(storetest.Dump(t, s, o.desk.Street.Code)); strings.Contains(raw, "谈话") {
		t.Error("the pointer can be read in Redis")
	}
}

func (o *office) put(ch store.Change) {
	o.t.Helper()
	if _, err := o.s.Commit(context.Background(), store.Act{Street: o.desk.Street.Code, At: o.desk.At, Changes: []store.Change{ch}}); err != nil {
		o.t.Fatal(err)
	}
}

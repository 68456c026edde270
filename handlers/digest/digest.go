// Package digest is the leaders' morning: one screen, complete, with its base.
//
// In: the slot of the digest's duty, or a person who asks. Out: the text that is said,
// kept word for word so that a past morning can be shown as it was, and the figures it
// rested on, so that the next one can say what has been corrected since.
//
// What a digest says stands in the pack: sections over figures of forms, which this package
// counts, and sections that other families offer (handlers.Section). Nothing above C1 gets
// in: ceiling.go is the one door.
//
// Start with Morning. compose.go puts a digest together from what gather.go has read;
// counted.go counts, section.go turns figures into lines, fit.go keeps to a phone's screen,
// week.go is the week, trend.go its picture, ask.go what people ask for, replay.go what was
// known at a moment.
package digest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// Family composes digests. Call New.
type Family struct {
	Draw  handlers.DrawTrend // nil: no pictures
	Known handlers.TallyAt   // what was known at a moment; nil: nothing is replayed

	tally    handlers.Tally
	sections map[string]handlers.Section
	screen   *syntax.Screen
}

// New makes the family; tally counts reports, sections are what other families offer.
func New(tally handlers.Tally, sections ...handlers.Section) *Family {
	f := &Family{tally: tally, sections: map[string]handlers.Section{}, screen: syntax.NewScreen()}
	f.Offer(sections...)
	return f
}

// Offer adds sections that other families offer.
func (f *Family) Offer(sections ...handlers.Section) {
	for _, s := range sections {
		f.sections[s.Kind] = s
	}
}

// readers see the whole street's digest.
var readers = []config.Role{config.RoleLeader, config.RoleDutyDesk, config.RoleDiscipline}

// Handlers is what the family offers.
func (f *Family) Handlers() handlers.Family {
	own := []config.Role{config.RoleSecretary, config.RoleWorker, config.RoleLiaison}
	fam := handlers.Family{
		Name:   "digest",
		Office: string(config.RoleParty),
		Commands: func(s *config.Street) []handlers.Command {
			all := []handlers.Command{{
				Name: "晨报", Aliases: []string{"日报汇总"}, Roles: append([]config.Role{config.RoleAreaLeader}, readers...), Guests: own,
				Summary: "看今天或某天的晨报", Usage: "/晨报 [片区] [日期] [全|表]", Example: "/晨报",
				Detail: "看今天的晨报：/晨报\n看某天的，和当时说的一字不差：/晨报 2.10\n没说完的：/晨报 全\n各居民区的表：/晨报 表\n片区的（私聊）：/晨报 一片\n到现在的数：/今日\n上一周的：/周报\n走势图：/图", Run: f.ask,
			}, {
				Name: "今日", Roles: append([]config.Role{config.RoleAreaLeader}, readers...), Guests: own, Slashed: true, Hidden: true,
				Summary: "看今天到现在的数", Usage: "/今日 [片区]", Example: "/今日",
				Detail: "到现在报上来的数：/今日\n书记、社工、联络员看自己的，私聊发", Run: f.today,
			}, {
				Name: "周报", Roles: readers, Guests: []config.Role{config.RoleAreaLeader}, Hidden: true,
				Summary: "看上一周的汇总", Usage: "/周报 [日期]", Example: "/周报", Run: f.askWeek,
			}}
			if f.Known != nil {
				all = append(all, handlers.Command{
					Name: "回放", Roles: append([]config.Role{config.RoleAreaLeader}, readers...), Guests: own, Slashed: true, Hidden: true,
					Summary: "看某一刻知道的数", Usage: "/回放 [片区] [日期] 几点", Example: "/回放 2.13 16:30",
					Detail: "那一刻报上来的数，后来补的、改的、撤的都不算：/回放 2.13 16:30\n今天的不用写日期：/回放 9点\n片区、居民区的（私聊）：/回放 一片 2.13 16:30\n当天说出去的晨报：/晨报 2.13", Run: f.replay,
				})
			}
			if f.Draw == nil {
				return all
			}
			return append(all, handlers.Command{
				Name: "图", Aliases: []string{"趋势图"}, Roles: append([]config.Role{config.RoleAreaLeader}, readers...),
				Guests:  append([]config.Role{config.RoleOffice, config.RoleParty}, own...),
				Slashed: true, Hidden: true,
				Summary: "画近7天的走势", Usage: "/图 [项目 …] [近几天]", Example: "/图",
				Detail: "画晨报里的几样：/图\n画一样：/图 新返\n画几天的：/图 新返 近14天\n画一个居民区的（私聊）：/图 新返 梅园", Run: f.askTrend,
			})
		},
		Dialogues: []handlers.Dialogue{{Name: "今天的数", Try: f.wondered}},
		Duties: []handlers.Duty{
			{Kind: "digest", Title: "晨报", Past: true, Run: f.Morning},
			{Kind: "weekly", Title: "周报", Past: true, Run: f.Week},
		},
	}
	if f.Draw != nil {
		fam.Recipes = []handlers.Recipe{{Name: recipeTrend, Render: f.renderTrend}}
	}
	return fam
}

// said is a digest as it was said, with what it rested on.
type said struct {
	saying
	Areas   map[string]saying         `json:"areas,omitempty"`   // what who answers for an area gets
	Day     config.Day                `json:"day"`               // the day it reports on
	Filed   map[string]int            `json:"filed"`             // form → units that had filed
	Totals  map[string]map[string]int `json:"totals"`            // form → field → total
	Figures map[string]map[string]int `json:"figures,omitempty"` // section of another family → label → figure
}

// saying is what one reader gets.
type saying struct {
	Text string `json:"text"`
	Full string `json:"full,omitempty"` // everything, where the text leaves parts out
}

// all is everything, in messages of a screen each.
func (s saying) all() string {
	if s.Full == "" {
		return s.Text
	}
	return pages(s.Full)
}

func field(p *config.Pack, morning config.Day) string { return p.Name + "/" + string(morning) }

func openSaid(c store.Cell) (said, error) {
	var d said
	if c.Rev == 0 {
		return d, nil
	}
	if err := json.Unmarshal([]byte(c.Value), &d); err != nil {
		return d, fmt.Errorf("decode digest: %w", err)
	}
	return d, nil
}

// keep is the change that keeps a digest, and its line in the audit.
func keep(name, field string, d said) (handlers.Outcome, error) {
	body, err := json.Marshal(d)
	if err != nil {
		return handlers.Outcome{}, fmt.Errorf("encode digest: %w", err)
	}
	return handlers.Outcome{
		Changes: []store.Change{store.Put(store.Digests(), field, store.Any, string(body))},
		Audit:   handlers.Audit{Record: name + "/" + field, Values: string(body)},
	}, nil
}

// Morning composes the digest of the day before its slot and says it to the leaders; who
// answers for an area and hears no street digest gets the area's. Where it cannot be made,
// the leaders and the duty desk hear that.
func (f *Family) Morning(ctx context.Context, m *handlers.Moment) (handlers.Outcome, error) {
	var d said
	var lost []loss
	err := careful(func() (err error) {
		d, lost, err = f.compose(ctx, &m.Desk, m.Pack, m.Day.Add(-1), morning)
		return err
	})
	if silent(ctx, err) {
		return handlers.Outcome{}, err
	}
	if err != nil {
		return f.failed(m, "晨报", err), nil
	}
	out, err := keep("晨报", field(m.Pack, m.Day), d)
	if err != nil {
		return out, err
	}
	for _, chat := range m.Dir.ChatsOf(m.Street, m.Duty.Chat) {
		out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToChat(chat.Name), handlers.Digest, handlers.Say(d.Text), m.At))
	}
	for _, p := range m.Dir.PeopleOf(m.Street, config.RoleAreaLeader) {
		if p.Has(readers...) {
			continue
		}
		for _, area := range areasOf(&m.Desk, p) {
			if text := d.Areas[area.name].Text; text != "" {
				out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(p.UserID), handlers.Digest, handlers.Say(text), m.At))
			}
		}
	}
	out.Pushes = append(out.Pushes, f.report(m, "晨报", lost)...)
	return out, nil
}

// silent reports whether a failure is one nobody needs to hear of, because the duty will
// run again: there is nothing to do, or Redis is away.
func silent(ctx context.Context, err error) bool {
	return errors.Is(err, handlers.ErrNothing) || errors.Is(err, store.ErrUnavailable) || err != nil && ctx.Err() != nil
}

// failed is what is said when there is no digest.
func (f *Family) failed(m *handlers.Moment, what string, why error) handlers.Outcome {
	text := fmt.Sprintf("【%s %s】%s\n今天的%s没有做出来，值班室已经知道。\n过一会儿发“%s”再看。", what, m.Day.Label(), m.Pack.Title, what, what)
	out := handlers.Outcome{Audit: handlers.Audit{Record: what + "/" + field(m.Pack, m.Day), Note: "failed"}}
	for _, chat := range m.Dir.ChatsOf(m.Street, m.Duty.Chat) {
		out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToChat(chat.Name), handlers.Digest, handlers.Say(text), m.At))
	}
	desk := fmt.Sprintf("【%s没做出来】%s %s，领导群已经说了。请告诉管理员。", what, m.Day.Label(), m.Pack.Title)
	for _, chat := range m.Dir.ChatsOf(m.Street, config.ChatDutyDesk) {
		out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToChat(chat.Name), handlers.Digest, handlers.Say(desk), m.At))
	}
	for _, p := range m.Dir.DutyDesk(m.Street) {
		out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(p.UserID), handlers.Digest, handlers.Say(desk), m.At))
	}
	out.Pushes = append(out.Pushes, f.report(m, what, []loss{{"整份", why}})...)
	return out
}

// report tells the administrators which parts were lost, and why in the program's words.
func (f *Family) report(m *handlers.Moment, what string, lost []loss) []store.Push {
	if len(lost) == 0 {
		return nil
	}
	lines := []string{fmt.Sprintf("【%s %s】%s，这几段没做出来：", what, m.Day.Label(), m.Pack.Title)}
	for _, l := range lost {
		lines = append(lines, l.title+"："+handlers.Clip(l.why.Error(), 80))
	}
	var out []store.Push
	for _, p := range m.Dir.Administrators(m.Street) {
		out = append(out, handlers.PushAt(handlers.ToPerson(p.UserID), handlers.Digest, handlers.Say(strings.Join(lines, "\n")), m.At))
	}
	return out
}

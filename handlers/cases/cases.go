package cases

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// Family follows cases. Its zero value is not usable: call New.
type Family struct {
	AskNotice handlers.AskNotice  // takes /问 通知7.2 …; may be nil
	Commend   handlers.Commend    // records the praise in /巡 …; may be nil
	Praises   handlers.CountSince // counts praises; may be nil

	atlases atlases
	onDuty  handlers.OnDuty
}

// New makes the family. onDuty says who has the duty desk; nil = its people in their order.
func New(onDuty handlers.OnDuty) *Family { return &Family{onDuty: onDuty} }

// Handlers is what the family offers.
func (f *Family) Handlers() handlers.Family {
	return handlers.Family{
		Retire:   forget,
		Name:     "cases",
		Office:   string(config.RoleInspector),
		Commands: f.commands,
		Dialogues: []handlers.Dialogue{
			{Name: "问题单", Sure: true, Try: f.spoken},
			{Name: "应急", Try: f.confirmMode},
			{Name: "像是问题", Try: f.guess},
		},
		Duties: []handlers.Duty{
			{Kind: "paper", Title: "例会材料", Run: f.paperDuty},
			{Kind: "look-back", Title: "抽回头看", Run: f.drawDuty},
			{Kind: "visits", Title: "排交叉查", Run: f.visitsDuty},
			{Kind: "tasks", Title: "问任务进展", Run: f.tasksDuty},
			{Kind: "balance", Title: "批评表扬是否一边倒", Run: f.balanceDuty},
		},
		DueItems: []handlers.DueItem{
			{Kind: dueKind, Title: "问题单到时", Run: f.moment},
			{Kind: modeKind, Title: "应急到期", Run: f.modeEnds},
		},
		Recipes:  []handlers.Recipe{{Name: recipeRemind, Render: f.renderRemind}},
		Sections: []handlers.Section{section()},
		Dues:     f.Dues,
		HandOver: f.handOver,
		OpenCase: f.Open,
	}
}

// commands are those of the kinds of case the street's packs have. Without a street: all,
// so that no form takes their words.
func (f *Family) commands(s *config.Street) []handlers.Command {
	all, forms := len(s.Runs) == 0, false
	has := func(kinds ...config.CaseKind) bool {
		return all || slices.ContainsFunc(s.Runs, func(r config.Run) bool { return r.Pack.Cases.Has(kinds...) })
	}
	for _, r := range s.Runs {
		forms = forms || len(r.Pack.Forms) > 0
	}
	if !has(config.CaseKinds()...) {
		return nil
	}
	out := []handlers.Command{{
		Name: "问题", Slashed: true, Summary: "看问题单", Usage: "/问题 [编号或居民区]", Example: "/问题", Run: f.discreet(f.show),
	}, {
		Name: "接", Summary: "这件我来办", Usage: "/接 编号", Example: "/接 25", Hidden: true, Run: f.discreet(f.accept),
	}, {
		Name: "验", Summary: "看过了：过，或退回", Usage: "/验 编号 过，或 /验 编号 退 原因", Example: "/验 25 过", Hidden: true, Run: f.discreet(f.verify),
	}, {
		Name: "延", Aliases: []string{"延期"}, Summary: "要晚几天", Usage: "/延 编号 日期 原因", Example: "/延 25 2.16 等配件", Hidden: true, Run: f.discreet(f.extend),
	}, {
		Name: "呼", Aliases: []string{"上呼"}, Summary: "自己解决不了，请街道出手", Usage: "/呼 编号 要什么", Example: "/呼 25 要两把测温枪", Hidden: true, Run: f.discreet(f.call),
	}}
	if has(config.CaseProblem) {
		out = append(out, handlers.Command{
			Name: "问", Summary: "报一个问题，有人跟到底", Usage: "/问 哪里 什么事", Example: "/问 188弄 老人想就近登记口罩",
			Detail: "写哪里、什么事就行，时限和找谁我来定。引用一条消息再发 /问，就从那条开一件。\n看进展：/问题 编号", Run: f.discreet(f.ask),
		}, handlers.Command{
			Name: "查", Roles: finders, Summary: "查到问题开单", Usage: "/查 [车轮|错峰|演员|交叉|回头] 哪里 什么事 [帮 街道帮什么]", Example: "/查 演员 文苑东门 没人问", Run: f.discreet(f.inspect),
		}, handlers.Command{
			Name: "暗", Aliases: []string{"暗访"}, Roles: secret, Summary: "暗访到的，先不公开", Usage: "/暗 哪里 什么事", Example: "/暗 站前小区东门 测温枪没电", Hidden: true, Run: f.discreet(f.hide),
		}, handlers.Command{
			Name: "放", Roles: secret, Summary: "把暗访到的转办", Usage: "/放 编号", Example: "/放 28", Hidden: true, Run: f.discreet(f.release),
		}, handlers.Command{
			Name: "回", Aliases: []string{"回头看"}, Slashed: true, Roles: finders, Summary: "回头看：过，或反弹", Usage: "/回 编号 过，或 /回 编号 反弹 怎么了", Example: "/回 25 过", Hidden: true, Run: f.discreet(f.lookBack),
		}, handlers.Command{
			Name: "定", Slashed: true, Roles: deciders, Summary: "会上定的措施和时限", Usage: "/定 编号 措施 时限", Example: "/定 27 物业加人 明早8点", Hidden: true, Run: f.discreet(f.decide),
		}, handlers.Command{
			Name: "例会", Roles: finders, Summary: "今天例会的材料", Usage: "/例会", Example: "/例会", Run: f.discreet(f.meeting),
		})
	}
	if has(config.CaseProblem) {
		out = append(out, handlers.Command{
			Name: "交叉", Aliases: []string{"交叉查"}, Slashed: true, Roles: slices.Concat([]config.Role{config.RoleInspector, config.RoleDiscipline, config.RoleDutyDesk}, committee),
			Summary: "这周谁去查哪个门", Usage: "/交叉", Example: "/交叉", Hidden: true, Run: f.discreet(f.cross),
		}, handlers.Command{
			Name: "巡", Aliases: []string{"走访"}, Slashed: true, Roles: []config.Role{config.RoleDiscipline, config.RoleInspector, config.RoleLeader, config.RoleAreaLeader},
			Summary: "走访了一个居民区", Usage: "/巡 居民区 看到的，隔开写；好的写好，表扬写表扬", Example: "/巡 三角地 门岗好 旧里缺人 表扬夜班", Hidden: true, Run: f.discreet(f.patrol),
		}, handlers.Command{
			Name: "应急", Slashed: true, Roles: []config.Role{config.RoleLeader}, Summary: "开关应急状态，最多7天", Usage: "/应急 开 几天 为什么，/应急 续 几天 为什么，或 /应急 关", Example: "/应急 开 3天 台风", Hidden: true, Run: f.discreet(f.emergency),
		})
	}
	if has(config.CaseOrder) {
		out = append(out, handlers.Command{
			Name: "交办", Roles: givers, Summary: "交办一件事", Usage: "/交办 谁 哪天前 什么事", Example: "/交办 管理办 周三前 小区物业防疫标准发各居委", Hidden: true, Run: f.discreet(f.order),
		})
	}
	if has(config.CaseAnswer) {
		out = append(out, handlers.Command{
			Name: "清单", Slashed: true, Prose: true, Summary: "清单式整改，一项一项办完", Usage: "/清单 编号，/清单 2.3 到哪了；开一张：/清单 名称，换行，每行 谁 哪天前 什么事", Example: "/清单", Hidden: true, Run: f.discreet(f.book(config.CaseAnswer)),
		})
	}
	if has(config.CaseTask) {
		out = append(out, handlers.Command{
			Name: "任务", Slashed: true, Prose: true, Summary: "任务分解书", Usage: "/任务 编号，/任务 3.2 到哪了；开一张：/任务 名称，换行，每行 谁 哪天前 什么事", Example: "/任务", Hidden: true, Run: f.discreet(f.book(config.CaseTask)),
		})
	}
	if has(config.CaseUrgent) {
		out = append(out, handlers.Command{
			Name: "急", Aliases: []string{"急急", "急急急"}, Summary: "急事，马上有人接", Usage: "/急 哪里 什么事", Example: "/急 彩虹花苑南门 吵起来了", Run: f.urgent,
		})
	}
	if slices.ContainsFunc(s.Runs, func(r config.Run) bool { return len(r.Pack.Cases.Lists) > 0 }) || all {
		out = append(out, handlers.Command{
			Name: "检", Summary: "照单检查，缺的开单", Usage: "/检 单子 哪里 全有，或缺什么", Example: "/检 岗 彩虹花苑南门 缺本", Hidden: true, Run: f.discreet(f.check),
		}, handlers.Command{
			Name: "抽查", Aliases: []string{"抽"}, Roles: finders, Summary: "五样里抽一样看，不用拍照", Usage: "/抽查 单子 哪里，看完加 有 或 没有", Example: "/抽查 岗 彩虹花苑南门", Hidden: true,
			Detail: "我说看哪一样：/抽查 岗 彩虹花苑南门\n看完：/抽查 岗 彩虹花苑南门 有（没有的开单）\n近7天抽下来怎样：/抽查", Run: f.discreet(f.sample),
		})
	}
	out = append(out, f.lists(s)...)
	if has(config.CaseProblem) {
		out = append(out, f.checks()...)
	}
	if !forms && !all { // the family that files reports has the word where there are any
		out = append(out, handlers.Command{Name: "改", Summary: "改好了", Usage: "/改 编号 怎么改的", Example: "/改 25 已换班", Run: f.discreet(f.mend)})
	}
	return out
}

// frank are the chats in which a unit may be named (docs/decisions.md, "Saying things").
var frank = []config.ChatKind{config.ChatLeaders, config.ChatDiscipline, config.ChatDutyDesk, config.ChatInspection}

// discreet keeps what concerns one unit out of the groups of all: there the asker hears
// that it is done, and the rest in private. Household codes are masked in every group.
func (f *Family) discreet(run func(context.Context, *handlers.Call) (handlers.Outcome, error)) func(context.Context, *handlers.Call) (handlers.Outcome, error) {
	return func(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
		out, err := run(ctx, c)
		if c.Private() {
			return out, err
		}
		why := (*handlers.Refusal)(nil)
		switch {
		case errors.As(err, &why):
			if slices.Contains(frank, c.Chat.Kind) {
				return out, err
			}
			out, err = handlers.Answer("没有办成，原因已私信您。"), nil
			out.Pushes = []store.Push{c.PrivateHalf(why.Error(), nil)}
			return out, nil
		case err != nil || out.Reply.Empty():
			return out, err
		}
		text, private := masked(out.Reply.Text)
		if slices.Contains(frank, c.Chat.Kind) && !private && out.Sealed == "" {
			return out, nil
		}
		short := text
		if !slices.Contains(frank, c.Chat.Kind) || out.Sealed != "" {
			short = "看好了，明细已私信您。"
			if out.Audit.Record != "" {
				short = "已收 " + out.Audit.Record + " ✓ 明细已私信"
			}
		}
		out.Pushes = append(out.Pushes, c.PrivateHalf(out.Reply.Text, named(c.Street, out.Sealed)))
		out.Reply = handlers.Say(short)
		return out, nil
	}
}

// named is the street's pack of that name, or nil.
func named(s *config.Street, name string) *config.Pack {
	for _, r := range s.Runs {
		if r.Pack.Name == name {
			return r.Pack
		}
	}
	return nil
}

// pick finds the case a line begins with, and what stands behind its number.
func (f *Family) pick(ctx context.Context, c *handlers.Call, verb string) (*Case, string, error) {
	ref, rest, ok := syntax.Reference(c.Rest)
	if quoted, found := inQuote(c.Message.Quote, c.BotName()); !ok && found {
		ref, rest, ok = quoted, c.Rest, true
	}
	if !ok {
		k, err := f.only(ctx, c, verb)
		return k, strings.TrimSpace(syntax.Normalise(c.Rest)), err
	}
	found, err := f.meant(ctx, c, ref)
	if err != nil {
		return nil, "", err
	}
	if judged := slices.DeleteFunc(slices.Clone(found), func(k *Case) bool { return !k.judgedBy(&c.Desk, c.Person) }); len(judged) > 0 && (verb == "验" || verb == "回") {
		found = judged // of two with one number it is the one that is his to look at
	}
	switch len(found) {
	case 0:
		if ref.Sub > 0 {
			return nil, "", handlers.Refusef("看您手上的，发：/清单 或 /任务", "没有%s，或者不归您。", spell(ref))
		}
		return nil, "", handlers.Refusef("看您手上的，发：/问题", "没有%s号问题单，或者不归您。", spell(ref))
	case 1:
		return found[0], strings.TrimSpace(rest), nil
	}
	var names []string
	for _, k := range found {
		names = append(names, k.id)
	}
	return nil, "", handlers.Refusef("例：/"+verb+" "+names[0], "%d号有%s，请带上字头。", ref.N, strings.Join(names, "、"))
}

// meant are the cases a reference can mean to the caller: what concerns him goes before
// what he may only see, open before closed.
func (f *Family) meant(ctx context.Context, c *handlers.Call, ref syntax.Ref) ([]*Case, error) {
	list, err := several(ctx, &c.Desk, ids(c.Street, ref))
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(k *Case) bool { return !k.heard(c) })
	for _, better := range []func(*Case) bool{
		func(k *Case) bool { return k.State != Closed },
		func(k *Case) bool { return k.owns(&c.Desk, c.Person) || k.found(c.Person) },
	} {
		if some := slices.DeleteFunc(slices.Clone(list), func(k *Case) bool { return !better(k) }); len(some) > 0 {
			list = some
		}
	}
	return list, nil
}

// spell is a reference as it was typed.
func spell(ref syntax.Ref) string {
	s := fmt.Sprintf("%s%d", ref.Letter, ref.N)
	if ref.Sub > 0 {
		s += fmt.Sprintf(".%d", ref.Sub)
	}
	return s
}

// said is what a verb was, to be told to who comes second.
var said = map[Verb]string{
	Open: "开的单", Hide: "记的", Release: "放出来了", Accept: "接了", Note: "补了一句", Join: "也报了同一件", Spot: "查到，看着当场改了", Advance: "报了进度", Decide: "定了措施", Extend: "要求延期",
	Grant: "准了延期", Deny: "没有准延期", Call: "上呼街道", Helped: "说街道帮到了", Fix: "报了已改", Done: "办结了", Pass: "看过，销了", Return: "退回了",
	Relapse: "报了反弹", Drawn: "抽了回头看", Warn: "到时提醒过", Hand: "接了手",
}

// wrongState refuses what the table has no row for, and says what happened instead.
func (k *Case) wrongState(d *handlers.Desk) *handlers.Refusal {
	who := ""
	if k.Last.By != "-" {
		who = title(d, k.Last.By)
	}
	return handlers.Refusef("看经过：/问题 "+k.short(), "%s 现在是“%s”：%s%s%s。", k.id, k.State, when(d, k.Last.At), who, said[k.Last.Verb])
}

// name is a case in one phrase: W25 彩虹花苑南门·未测温.
func (k *Case) name() string {
	if l, _, _ := split(k.id); listed(l) {
		return k.id + " " + handlers.Clip(k.Text, 14)
	}
	place := k.Place
	if place == "" {
		place = k.Unit
	}
	if place == "" {
		return k.id + " " + k.Type
	}
	return k.id + " " + place + "·" + k.Type
}

// checks are the ways of checking as words of their own: 演员查 is /查 演员. 交叉查 is the plan
// where nothing stands behind it.
func (f *Family) checks() []handlers.Command {
	var out []handlers.Command
	for _, m := range modes {
		if m == crossMode {
			continue
		}
		out = append(out, handlers.Command{
			Name: m + "查", Roles: finders, Hidden: true, Summary: m + "查到的，开单", Usage: "/" + m + "查 哪里 什么事", Example: "/" + m + "查 文苑东门 没人问",
			Run: f.discreet(func(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) { return f.inspectAs(ctx, c, m) }),
		})
	}
	return out
}

// lists are the commands of check-lists that have a word of their own.
func (f *Family) lists(s *config.Street) []handlers.Command {
	var out []handlers.Command
	for _, run := range s.Runs {
		for _, l := range run.Pack.Cases.Lists {
			if l.Word == "" || slices.ContainsFunc(out, func(c handlers.Command) bool { return c.Name == l.Word }) {
				continue
			}
			out = append(out, handlers.Command{
				Name: l.Word, Roles: l.Roles, Slashed: true, Hidden: true, Summary: handlers.Clip("照"+l.Title+"查", 20),
				Usage: "/" + l.Word + " 哪里 全有，或缺什么", Example: "/" + l.Word + " " + s.Committees[0].Name + " 缺" + l.Items[0].Name,
				Run: f.discreet(func(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
					long := *c
					long.Rest = l.Name + " " + c.Rest
					return f.check(ctx, &long)
				}),
			})
		}
	}
	return out
}

// Dues are the cases the caller has to see to. It implements handlers.AskDues.
func (f *Family) Dues(ctx context.Context, c *handlers.Call) ([]handlers.Due, error) {
	list, err := all(ctx, &c.Desk)
	if err != nil {
		return nil, err
	}
	var out []handlers.Due
	for _, k := range list {
		due := handlers.Due{}
		switch {
		case c.Person.Has(config.RoleInspector) && k.waits(&c.Desk, c.Person, "回"):
			due = handlers.Due{Text: k.name() + "（抽中回头看）", Line: "/回 " + k.short() + " 过"}
		case k.Due > 0 && slices.Contains(k.Owners, c.Person.UserID):
			due = handlers.Due{Text: fmt.Sprintf("%s（%s前）", k.name(), when(&c.Desk, k.Due)), Line: "/改 " + k.short() + " 怎么改的"}
		case k.waits(&c.Desk, c.Person, "验"):
			due = handlers.Due{Text: k.name() + "（说改好了，等您看）", Line: "/验 " + k.short() + " 过"}
		case k.waits(&c.Desk, c.Person, "准"):
			due = handlers.Due{Text: fmt.Sprintf("%s（想延到%s，等您定）", k.name(), when(&c.Desk, k.Want)), Line: "/延 " + k.short() + " 准"}
		default:
			continue
		}
		out = append(out, due)
	}
	return out, nil
}

package cases

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
)

// act is what a verb does: /接, /验 and the others, each with a case's number in front.
type act func(context.Context, *handlers.Call) (handlers.Outcome, error)

// acts are the verbs that anybody may say who has a case to say them of.
func (f *Family) acts() map[string]act {
	return map[string]act{"接": f.accept, "改": f.mend, "验": f.verify, "延": f.extend, "呼": f.call}
}

// spoken is a line without a command that is about a case all the same. By its number: #25改好勒,
// W25修好了, 接急1. By the card it quotes. In private also without either, where only one case can
// be meant: 我来, 改好了, 过.
func (f *Family) spoken(ctx context.Context, c *handlers.Call) (handlers.Outcome, bool, error) {
	line := strings.TrimSpace(syntax.Normalise(c.Rest))
	for verb, do := range f.acts() { // 接急1: the verb stands directly before the letter
		rest, ok := strings.CutPrefix(line, verb)
		if ref, _, numbered := syntax.Reference(rest); ok && numbered && slices.Contains(letters(c.Street), ref.Letter) {
			return f.does(ctx, c, do, rest)
		}
	}
	ref, rest, ok := syntax.Reference(line)
	switch {
	case c.Private() && (line == "问题" || line == "问题单" || ok && ref.Letter == string(config.CaseProblem) && rest == ""):
		return f.does(ctx, c, f.show, strings.TrimLeft(line, "问题单 "))
	case !ok:
		if _, found := inQuote(c.Message.Quote, c.BotName()); found && mended(line) {
			return f.does(ctx, c, f.mend, line)
		}
		return f.loose(ctx, c, line)
	case rest == "" || !mended(rest):
		return handlers.Outcome{}, false, nil
	case strings.HasPrefix(line, "#"), ref.Letter != "", strings.Contains(line[:len(line)-len(rest)], "号"):
		return f.does(ctx, c, f.mend, line)
	case says("改", rest): // 1改好了: a bare number could be anything, but not of who has such a case
		list, err := f.meant(ctx, c, ref)
		if err != nil || len(list) != 1 || !slices.Contains(list[0].Owners, c.Person.UserID) {
			return handlers.Outcome{}, false, err
		}
		return f.does(ctx, c, f.mend, line)
	}
	return handlers.Outcome{}, false, nil
}

// does says a verb's line to its handler.
func (f *Family) does(ctx context.Context, c *handlers.Call, do act, line string) (handlers.Outcome, bool, error) {
	said := *c
	said.Rest = line
	out, err := f.discreet(do)(ctx, &said)
	return out, true, err
}

// loose are words that say a verb of the one case they can be about.
func (f *Family) loose(ctx context.Context, c *handlers.Call, line string) (handlers.Outcome, bool, error) {
	_, quoted := inQuote(c.Message.Quote, c.BotName())
	if !quoted && !c.Private() {
		return handlers.Outcome{}, false, nil
	}
	for _, verb := range []string{"接", "改", "验", "准", "不准"} {
		said, ok := meant(verb, line)
		if !ok {
			continue
		}
		list, err := f.candidates(ctx, c, verb)
		if err != nil || len(list) == 0 && !quoted {
			return handlers.Outcome{}, false, err
		}
		switch verb {
		case "接": // what is said besides is no remark: 马上去
			line = ""
		case "验":
			line = said
		case "准", "不准":
			if len(list) != 1 || quoted {
				return handlers.Outcome{}, false, nil
			}
			return f.does(ctx, c, f.extend, list[0].id+" "+verb)
		}
		return f.does(ctx, c, f.acts()[verb], line)
	}
	return handlers.Outcome{}, false, nil
}

// Nodded is 收到 and the like that is about no notice: whoever has one case waiting takes it up.
// It implements handlers.Nodded.
func (f *Family) Nodded(ctx context.Context, c *handlers.Call) (handlers.Outcome, bool, error) {
	nod := *c
	nod.Rest = "收到"
	return f.loose(ctx, &nod, nod.Rest)
}

// sayings are what people say for a verb: at the start of a line, or, where whole, alone.
var sayings = map[string]struct {
	whole bool
	list  []string
}{
	"接":  {false, []string{"我来", "我接", "接了", "我去", "我处理", "收到", "马上去", "马上到", "马上来", "马上办", "马上改", "马上处理", "这就去", "这就来", "在路上", "去了", "来了"}},
	"改":  {false, []string{"改好", "改完", "已改", "整改好", "整改完", "已整改", "修好", "弄好", "搞好", "搞定", "换好", "解决了", "处理好", "处理完", "办好", "已办"}},
	"准":  {true, []string{"准", "准了", "批准", "同意延期"}},
	"不准": {true, []string{"不准", "不准延期"}},
	"验":  {true, []string{"过", "过了", "通过", "验过", "可以销", "可以销了"}},
}

// fillers may stand before such words.
var fillers = []string{"好的", "好", "嗯", "ok", "我们", "已经", "都", "全", "刚", "刚刚", "现在"}

// says reports whether a line says a verb.
func says(verb, line string) bool {
	_, ok := meant(verb, line)
	return ok
}

// meant is a line that says a verb, without the fillers in front.
func meant(verb, line string) (string, bool) {
	for {
		line = strings.TrimLeft(line, " ,。:!、~")
		before := line
		for _, w := range fillers {
			if rest, ok := strings.CutPrefix(line, w); ok && rest != "" && !meantBy(verb, line) {
				line = rest
				break
			}
		}
		if line == before {
			return line, meantBy(verb, line)
		}
	}
}

func meantBy(verb, line string) bool {
	w := sayings[verb]
	return slices.ContainsFunc(w.list, func(said string) bool {
		return strings.TrimRight(line, " 。.!~") == said || !w.whole && strings.HasPrefix(line, said) && !asks(line)
	})
}

// asks reports whether a line is a question: 改好了吗 reports nothing.
func asks(line string) bool {
	return strings.ContainsAny(line, "?？") || slices.ContainsFunc([]string{"吗", "么", "没有", "了没"}, func(w string) bool { return strings.HasSuffix(line, w) })
}

// candidates are the cases a verb without a number can be about: those that wait for the
// caller to say it.
func (f *Family) candidates(ctx context.Context, c *handlers.Call, verb string) ([]*Case, error) {
	list, err := all(ctx, &c.Desk)
	return slices.DeleteFunc(list, func(k *Case) bool { return !k.waits(&c.Desk, c.Person, verb) }), err
}

// waits reports whether a case waits for a person to say a verb of it; 帮 is what the street
// owes.
func (k *Case) waits(d *handlers.Desk, p config.Person, verb string) bool {
	mine := slices.Contains(k.Owners, p.UserID)
	switch verb {
	case "接":
		return mine && k.State == Waiting
	case "改":
		return mine && slices.Contains(ours, k.State)
	case "延", "呼":
		return mine && (k.State == Waiting || k.State == Working)
	case "验":
		return k.State == Fixed && slices.Contains(k.lookers(d), p.UserID)
	case "准", "不准":
		return k.State == Asking && k.chief(d) == p.UserID
	case "帮":
		return k.liaison(d) == p.UserID && (k.State == Called || k.Help != "" && !k.Helped && slices.Contains(ours, k.State))
	case "回":
		return k.undone() && k.mayVerify(d, p) == ""
	case "放":
		return k.State == Hidden && k.found(p)
	}
	return false
}

// only is the case a verb without a number is about, where there is one; else the refusal
// names those there are.
func (f *Family) only(ctx context.Context, c *handlers.Call, verb string) (*Case, error) {
	list, err := f.candidates(ctx, c, verb)
	switch {
	case err != nil:
		return nil, err
	case len(list) == 0 || !c.Private():
		return nil, handlers.Refuse("是哪一件？请带上编号。", "例：/"+verb+" 25")
	case len(list) == 1:
		return list[0], nil
	}
	var names []string
	for _, k := range list[:min(len(list), 3)] {
		names = append(names, k.name())
	}
	more := ""
	if len(list) > 3 {
		more = fmt.Sprintf("等%d件", len(list))
	}
	return nil, handlers.Refusef("例：/"+verb+" "+list[0].short(), "是哪一件？%s%s", strings.Join(names, "、"), more)
}

// mended reports whether a line says that something is done.
func mended(line string) bool {
	return !asks(line) && slices.ContainsFunc([]string{"改好", "已改", "整改", "修好", "弄好", "到位", "解决", "搞定"}, func(w string) bool { return strings.Contains(line, w) })
}

// inQuote is the number that a quoted card or list of the bot begins with: W25 彩虹花苑南门….
// A bare number is none: it could be anything.
func inQuote(quote, bot string) (syntax.Ref, bool) {
	line := strings.TrimSpace(strings.TrimPrefix(syntax.Normalise(quote), "@"+bot))
	ref, _, ok := syntax.Reference(strings.TrimLeft(line, "【〔"))
	return ref, ok && ref.Letter != ""
}

// guess is for lines that nobody else knows: one that cries for help without the word, or
// that tells of a problem without a command, gets the line to copy. Nothing is opened on a
// guess.
func (f *Family) guess(ctx context.Context, c *handlers.Call) (handlers.Outcome, bool, error) {
	line := strings.TrimSpace(syntax.Normalise(c.Rest))
	if line == "" || strings.Contains(line, "\n") || len([]rune(line)) > longest {
		return handlers.Outcome{}, false, nil
	}
	if t := worded(&c.Desk, line, config.CaseUrgent); t != nil {
		say := "急 哪里 什么事"
		if c.Private() {
			say = "急 " + marks(line)
		}
		return handlers.Outcome{}, true, handlers.Refuse(firstCall(t)+"我还没有叫人。", "要我叫值班室，马上发："+say)
	}
	if ref, quoted := inQuote(c.Message.Quote, c.BotName()); quoted && c.Private() {
		list, err := f.meant(ctx, c, ref)
		if err != nil {
			return handlers.Outcome{}, false, err
		}
		if len(list) == 1 && slices.Contains(list[0].Owners, c.Person.UserID) && slices.Contains(ours, list[0].State) {
			return handlers.Outcome{}, true, handlers.Refusef("改好了照这样发：/改 "+list[0].short()+" "+marks(line), "%s 改好了吗？什么也没记。", list[0].id)
		}
	}
	if c.Private() {
		k, err := f.likeliest(ctx, c, line)
		if err != nil {
			return handlers.Outcome{}, false, err
		}
		if k != nil {
			how := fmt.Sprintf("改好了发：/改 %s 怎么改的；来不及：/延 %s 哪天 原因", k.short(), k.short())
			if !slices.Contains(k.Owners, c.Person.UserID) {
				how = fmt.Sprintf("街道帮：%s。帮到了发：/改 %s 怎么帮的", k.Help, k.short())
			}
			return handlers.Outcome{}, true, handlers.Refuse("这句我没看懂，什么也没记。是说这件吗？", k.line(&c.Desk)+" "+k.Text+"\n"+how)
		}
	}
	s, _, ok := f.atlas(c).find(line)
	if !ok || !c.Private() || worded(&c.Desk, line, config.CaseProblem) == nil {
		return handlers.Outcome{}, false, nil
	}
	cmd := "问"
	if c.Person.Has(finders...) {
		cmd = "查"
	}
	return handlers.Outcome{}, true, handlers.Refusef("照这样发：/"+cmd+" "+marks(line), "是要报%s的问题吗？什么也没记。", s.Name)
}

// likeliest is the case of the caller's, to be mended or helped with, that a line is most like;
// of who has no report to send it is his first, whatever he says. nil if there is none.
func (f *Family) likeliest(ctx context.Context, c *handlers.Call, line string) (*Case, error) {
	list, err := all(ctx, &c.Desk)
	if err != nil {
		return nil, err
	}
	var best *Case
	most := 0
	for _, k := range list {
		mine := k.waits(&c.Desk, c.Person, "改")
		if !mine && !k.waits(&c.Desk, c.Person, "帮") {
			continue
		}
		if best == nil && mine && c.Person.Has(config.RoleProperty) {
			best = k
		}
		if n, _, _ := common(line, k.Place+" "+k.Type+" "+k.Text+" "+k.Help); n > most {
			best, most = k, n
		}
	}
	return best, nil
}

// worded is the type of a kind one of whose words stands in a line, nil if none does.
func worded(d *handlers.Desk, line string, kind config.CaseKind) *config.CaseType {
	t, _ := typeFor(d, line, kind)
	if t == nil || !slices.ContainsFunc(t.Words, func(w string) bool { return strings.Contains(line, w) }) {
		return nil
	}
	return t
}

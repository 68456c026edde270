package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// proposal is a form that an office wants to ask. It becomes one when an administrator puts
// its fragment into a pack: forms are files, and bot check looks at them once more.
type proposal struct {
	Form   string     `json:"f"`           // as it stands in a pack
	Name   string     `json:"n"`           // of the form
	By     string     `json:"b"`           // who proposed it
	Office string     `json:"o"`           // whose it is
	Named  string     `json:"a,omitempty"` // userid of who has to agree; "" = any of 党政办
	Day    config.Day `json:"d"`
	Agreed string     `json:"y,omitempty"` // userid of who agreed
	Why    string     `json:"w,omitempty"` // why it was sent back
	Done   bool       `json:"x,omitempty"`

	number, rev int
}

func proposals() store.Table { return store.Records("proposal") }

// approvers may agree to a form: who answers for what the street asks, and the leaders.
var approvers = []config.Role{config.RoleParty, config.RoleLeader}

// proposing may propose one, or agree to one.
var proposing = []config.Role{config.RoleOffice, config.RoleParty, config.RoleDutyDesk, config.RoleLeader}

func (p proposal) put() store.Change {
	body, err := json.Marshal(p)
	if err != nil {
		panic("ledger: proposal does not encode: " + err.Error())
	}
	return store.Put(proposals(), strconv.Itoa(p.number), p.rev, string(body))
}

// allProposals joins the reading of all proposals to a batch, in the order of their numbers.
func allProposals(b *store.Batch) func() ([]proposal, error) {
	cells := b.All(proposals())
	return func() ([]proposal, error) {
		var out []proposal
		for field, cell := range *cells {
			n, err := strconv.Atoi(field)
			if err != nil {
				return nil, fmt.Errorf("proposal %q: %w", field, err)
			}
			p := proposal{number: n, rev: cell.Rev}
			if err := json.Unmarshal([]byte(cell.Value), &p); err != nil {
				return nil, fmt.Errorf("decode proposal %d: %w", n, err)
			}
			out = append(out, p)
		}
		slices.SortFunc(out, func(a, b proposal) int { return a.number - b.number })
		return out, nil
	}
}

// propose is /提表: a form that an office wants, the list of those that wait, or the answer to
// one.
func propose(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	if !c.Private() {
		return handlers.Outcome{}, handlers.Refuse("提表在私聊里办。", "请私聊我再发一遍。")
	}
	b := c.Read()
	read := allProposals(b)
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read proposals: %w", err)
	}
	list, err := read()
	if err != nil {
		return handlers.Outcome{}, err
	}
	if strings.TrimSpace(c.Rest) == "" {
		return handlers.Answer(strings.Join(open(list), "\n")), nil
	}
	if n, rest, ok := syntax.Ordinal(c.Rest); ok {
		i := slices.IndexFunc(list, func(p proposal) bool { return p.number == n })
		if i < 0 {
			return handlers.Outcome{}, handlers.Refusef("看有哪些，发：提表", "没有表单%d号。", n)
		}
		return list[i].answer(c, rest)
	}
	return admit(c, list)
}

// open lists the proposals that wait for a yes.
func open(list []proposal) []string {
	var out []string
	for _, p := range list {
		if !p.Done {
			out = append(out, fmt.Sprintf("表单%d号 %s“%s” %s提的", p.number, p.Office, p.Name, p.Day.Label()))
		}
	}
	if len(out) == 0 {
		return []string{"没有等同意的表。", "要提一张，发：" + proposalExample}
	}
	return append(out, "看一张，发：/提表 编号")
}

// inForce are the forms that are asked on a day.
func inForce(d *handlers.Desk) []*config.Form {
	var out []*config.Form
	for _, p := range d.Packs() {
		out = append(out, p.On(d.Day)...)
	}
	return out
}

// admit compares a proposed form with what is asked already, and refuses it, or keeps it
// until a second person has agreed.
func admit(c *handlers.Call, list []proposal) (handlers.Outcome, error) {
	f, named, why := parse(&c.Desk, c.Rest)
	if why != nil {
		return handlers.Outcome{}, why
	}
	for _, g := range inForce(&c.Desk) {
		if g.Called(f.Name) {
			return handlers.Outcome{}, handlers.Refusef("换一个名字，或者直接用它：/导 "+g.Name, "已经有叫“%s”的表（%s的）。", f.Name, g.Owner)
		}
	}
	if c.Taken(f.Name) {
		return handlers.Outcome{}, handlers.Refusef("换一个名字再发。", "“%s”是一个命令，不能做表名。", f.Name)
	}
	f.Owner = officeOf(c.Person)
	p := proposal{Name: f.Name, By: c.Person.UserID, Office: f.Owner, Day: c.Day, number: 1}
	if named != "" {
		who, why := approverNamed(c, named)
		if why != nil {
			return handlers.Outcome{}, why
		}
		f.Approved, p.Named = who.Title, who.UserID
		share(f, config.NewDictionary(inForce(&c.Desk)...))
	}
	if o := config.Admit(f, config.NewDictionary(inForce(&c.Desk)...)); len(o) > 0 {
		return blocked(c, f, o), nil
	}
	p.Form = f.Fragment()
	if _, problems := config.ReadForm(p.Form); len(problems) > 0 {
		one := problems[0]
		return handlers.Outcome{}, handlers.Refuse(one.What+"。", one.Mend)
	}
	if len(list) > 0 {
		p.number = list[len(list)-1].number + 1
	}
	return p.kept(c, f)
}

// officeOf is the office that a person asks for.
func officeOf(p config.Person) string {
	for _, role := range []config.Role{config.RoleParty, config.RoleDutyDesk, config.RoleLeader} {
		if p.Has(role) && !p.Has(config.RoleOffice) {
			return string(role)
		}
	}
	return p.Title
}

// approverNamed finds who is said to agree to an overlap.
func approverNamed(c *handlers.Call, title string) (config.Person, *handlers.Refusal) {
	for _, p := range c.Street.People {
		if p.Title != title {
			continue
		}
		if p.UserID == c.Person.UserID || !p.Has(approvers...) {
			break
		}
		return p, nil
	}
	return config.Person{}, handlers.Refusef("写上能同意的人，例：党政办一 同意", "“%s”不能同意，要党政办或领导里另一位。", handlers.Quote(title))
}

// share makes the known fields of a form the known data items: nobody is asked for them a
// second time.
func share(f *config.Form, d *config.Dictionary) {
	for _, x := range f.Fields {
		if e, ok := d.Find(f, x); ok {
			x.Item, x.Unit, x.Places, x.Stock, x.Health = e.Field.Item, e.Field.Unit, e.Field.Places, e.Field.Stock, e.Field.Health
			x.Min, x.Max = e.Field.Min, e.Field.Max
		}
	}
}

// kept is the outcome of a proposal that nothing speaks against but that nobody has agreed.
func (p proposal) kept(c *handlers.Call, f *config.Form) (handlers.Outcome, error) {
	to := c.Dir.PeopleOf(c.Street, config.RoleParty)
	if p.Named != "" {
		who, _, _ := c.Dir.Person(p.Named)
		to = []config.Person{who}
	}
	to = slices.DeleteFunc(to, func(who config.Person) bool { return who.UserID == p.By })
	if len(to) == 0 {
		return handlers.Outcome{}, handlers.Refuse("名单里没有别的人能同意。", "写上能同意的人，例：街道书记 同意")
	}
	var titles []string
	out := handlers.Outcome{Changes: []store.Change{p.put()}, Audit: handlers.Audit{Record: "表单/" + strconv.Itoa(p.number), Rev: 1, Values: p.Form}}
	for _, who := range to {
		titles = append(titles, who.Title)
		text := fmt.Sprintf("表单%d号 %s要发“%s”\n%s\n同意发：/提表 %d 同意\n不同意发：/提表 %d 退 原因", p.number, p.Office, p.Name, describeForm(f), p.number, p.number)
		out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(who.UserID), handlers.Notice, handlers.Say(text), c.At))
	}
	out.Reply = handlers.Say(fmt.Sprintf("表单%d号“%s”记下了，等%s同意。\n%s", p.number, p.Name, strings.Join(titles, "或"), describeForm(f)))
	return out, nil
}

// answer is /提表 3, /提表 3 同意, /提表 3 退 原因.
func (p proposal) answer(c *handlers.Call, rest string) (handlers.Outcome, error) {
	word, reason, _ := strings.Cut(strings.TrimSpace(rest), " ")
	f, problems := config.ReadForm(p.Form)
	switch {
	case f == nil:
		return handlers.Outcome{}, fmt.Errorf("proposal %d: %w", p.number, problems.Err())
	case word == "":
		return handlers.Answer(fmt.Sprintf("表单%d号 %s“%s”，%s\n%s", p.number, p.Office, p.Name, p.state(&c.Desk), describeForm(f))), nil
	case p.Done:
		return handlers.Answer(fmt.Sprintf("表单%d号%s。", p.number, p.state(&c.Desk))), nil
	case p.By == c.Person.UserID:
		return handlers.Outcome{}, handlers.Refuse("自己提的表不能自己同意。", "请党政办或领导里另一位来发。")
	case p.Named != "" && p.Named != c.Person.UserID, p.Named == "" && !c.Person.Has(approvers...):
		who, _, _ := c.Dir.Person(p.Named)
		return handlers.Outcome{}, handlers.Refusef("看是什么样，发：/提表 "+strconv.Itoa(p.number), "表单%d号要等%s来同意。", p.number, or(who.Title, "党政办"))
	case word == "同意":
		return p.agree(c, f)
	case word == "退" || word == "不同意":
		return p.sendBack(c, reason)
	}
	return handlers.Outcome{}, handlers.Refusef(fmt.Sprintf("同意发：/提表 %d 同意\n不同意发：/提表 %d 退 原因", p.number, p.number), "“%s”没看懂，表单%d号还没有定。", handlers.Quote(word), p.number)
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// state says in words what has become of a proposal.
func (p proposal) state(d *handlers.Desk) string {
	who, _, _ := d.Dir.Person(p.Agreed)
	switch {
	case p.Why != "":
		return "退回了：" + p.Why
	case p.Done:
		return or(who.Title, "有人") + "同意了，等管理员放进包里"
	}
	return "还没有人同意"
}

// agree hands the form to the administrators as a fragment of a pack, if the gate still has
// nothing against it.
func (p proposal) agree(c *handlers.Call, f *config.Form) (handlers.Outcome, error) {
	if o := config.Admit(f, config.NewDictionary(inForce(&c.Desk)...)); len(o) > 0 {
		return handlers.Outcome{}, handlers.Refuse(o[0].What+"。", "退回：/提表 "+strconv.Itoa(p.number)+" 退 已有这个数")
	}
	p.Done, p.Agreed = true, c.Person.UserID
	out := handlers.Answer(fmt.Sprintf("表单%d号“%s”定了，已交给管理员。放进包里以后，从%s起收。", p.number, p.Name, f.From.Label()))
	out.Changes = []store.Change{p.put()}
	out.Audit = handlers.Audit{Record: "表单/" + strconv.Itoa(p.number) + "/同意", Rev: p.rev + 1, Values: p.Form}
	out.Loads = []handlers.Load{{Office: p.Office}}
	file := &handlers.File{Name: "表单" + strconv.Itoa(p.number) + " " + p.Name + ".yaml", Data: []byte(p.Form)}
	for _, who := range c.Dir.PeopleOf(c.Street, config.RoleAdmin) {
		out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(who.UserID), handlers.Notice, handlers.Content{File: file, Text: fmt.Sprintf(
			"表单%d号 %s“%s”，%s同意了。把下面的文件贴进包的 forms: 里，bot check 过了就生效。", p.number, p.Office, p.Name, c.Person.Title)}, c.At))
	}
	out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(p.By), handlers.Reply, handlers.Say(fmt.Sprintf(
		"表单%d号“%s”%s同意了，管理员放进包里以后，从%s起收。", p.number, p.Name, c.Person.Title, f.From.Label())), c.At))
	return out, nil
}

// sendBack tells the office why not.
func (p proposal) sendBack(c *handlers.Call, reason string) (handlers.Outcome, error) {
	switch n := utf8.RuneCountInString(reason); {
	case n == 0:
		return handlers.Outcome{}, handlers.Refuse("退回要写一句原因，提的人会看到。", fmt.Sprintf("例：/提表 %d 退 可以从日报里导", p.number))
	case n > 60:
		return handlers.Outcome{}, handlers.Refuse("原因写短一点，60个字以内。", fmt.Sprintf("例：/提表 %d 退 可以从日报里导", p.number))
	}
	p.Done, p.Why = true, reason
	out := handlers.Answer(fmt.Sprintf("表单%d号“%s”退回了，已告诉%s。", p.number, p.Name, p.Office))
	out.Changes = []store.Change{p.put()}
	out.Audit = handlers.Audit{Record: "表单/" + strconv.Itoa(p.number) + "/退回", Rev: p.rev + 1, Note: reason}
	out.Pushes = []store.Push{handlers.PushAt(handlers.ToPerson(p.By), handlers.Reply, handlers.Say(fmt.Sprintf("您提的表单%d号“%s”退回来了：%s", p.number, p.Name, reason)), c.At)}
	return out, nil
}

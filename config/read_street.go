package config

import (
	"regexp"
	"time"
	_ "time/tzdata" // so that a bare image knows Asia/Shanghai
)

// draft is a street just read: its values, and where each was written.
type draft struct {
	*reader
	street *Street
	packs  []string // the names of the packs it wants, one for each run
}

// readStreet reads a file of streets/. Its runs still lack their packs.
func readStreet(r *reader, top value) *draft {
	d := &draft{reader: r, street: &Street{Location: time.UTC, Place: r.placeOf("street")}}
	s := d.street
	o := top.object()
	defer o.close()
	head := o.get("street").need().object()
	s.Place = head.at
	s.Code = head.get("code").need().code()
	s.Name = head.get("name").need().word()
	s.Location = head.get("timezone").zone()
	head.close()

	for _, v := range o.get("packs").need().items() {
		run, name := readRun(v)
		s.Runs, d.packs = append(s.Runs, run), append(d.packs, name)
	}
	for i, v := range o.get("committees").need().items() {
		s.Committees = append(s.Committees, readCommittee(v, i+1))
	}
	for _, v := range o.get("areas").items() {
		s.Areas = append(s.Areas, readArea(v))
	}
	for _, v := range o.get("people").need().items() {
		s.People = append(s.People, readPerson(v))
	}
	for _, v := range o.get("chats").need().items() {
		s.Chats = append(s.Chats, readChat(v))
	}
	if drill := o.get("drill"); !drill.missing {
		s.Drill = drill.need().texts()
	}
	return d
}

// zone returns a time zone, Asia/Shanghai if missing.
func (v value) zone() *time.Location {
	name := v.text()
	if name == "" {
		name = "Asia/Shanghai"
	}
	loc, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		v.problem(v.at, "没有时区“"+name+"”", "中国写 Asia/Shanghai")
		return time.UTC
	}
	return loc
}

func readRun(v value) (Run, string) {
	o := v.object()
	defer o.close()
	r := Run{Place: v.at}
	name := o.get("name").need().text()
	r.From = o.get("from").need().day()
	r.To = o.get("to").day()
	if r.From != "" && r.To != "" && r.From > r.To {
		o.problem(o.get("to").at, "结束日"+string(r.To)+"早于开始日"+string(r.From), "改成不早于开始日")
	}
	return r, name
}

func readCommittee(v value, position int) Committee {
	o := v.object()
	defer o.close()
	c := Committee{Place: v.at}
	c.Name = o.get("name").need().unit()
	for _, a := range o.get("aliases").items() {
		c.Aliases = append(c.Aliases, a.unit())
	}
	c.Ordinal = o.get("ordinal").number(position, 1, 99)
	for _, w := range o.get("compounds").items() {
		c.Compounds = append(c.Compounds, readCompound(w))
	}
	for _, w := range o.get("blocks").items() {
		c.Blocks = append(c.Blocks, Site{Name: w.unit(), Kind: SiteBlock, Place: w.at})
	}
	for _, w := range o.get("sites").items() {
		c.Sites = append(c.Sites, readSite(w))
	}
	for _, w := range o.get("lanes").items() {
		c.Lanes = append(c.Lanes, Site{Name: w.unit(), Kind: SiteLane, Place: w.at})
	}
	return c
}

func readSite(v value) Site {
	o := v.object()
	defer o.close()
	s := Site{Place: v.at}
	s.Name = o.get("name").need().unit()
	for _, a := range o.get("aliases").items() {
		s.Aliases = append(s.Aliases, a.unit())
	}
	s.Kind = SiteKind(o.get("kind").need().oneOf("", texts(SiteKinds())...))
	return s
}

func readCompound(v value) Compound {
	o := v.object()
	defer o.close()
	return Compound{Name: o.get("name").need().text(), Gates: o.get("gates").texts(), Houses: readHouses(o.get("houses"))}
}

// unit returns the name of a committee or a site. Other than a field's it may begin with a
// number.
func (v value) unit() string {
	s := v.text()
	if s != "" && !unitForm.MatchString(s) {
		v.problem(v.at, "“"+s+"”不能作居民区的名称", "只用汉字、字母和数字，不全是数字，最多20个字")
		return ""
	}
	return s
}

var unitForm = regexp.MustCompile(`^[0-9]{0,18}\p{Han}[\p{Han}0-9A-Za-z]{0,19}$|^[A-Za-z][\p{Han}0-9A-Za-z]{0,19}$`)

func readArea(v value) Area {
	o := v.object()
	defer o.close()
	a := Area{
		Name:       o.get("name").need().text(),
		Leader:     o.get("leader").need().text(),
		Liaison:    o.get("liaison").need().text(),
		Committees: o.get("committees").need().texts(),
		Place:      v.at,
	}
	for _, w := range o.get("terms").items() {
		a.Terms = append(a.Terms, readTerm(w))
	}
	return a
}

func readTerm(v value) Term {
	o := v.object()
	defer o.close()
	t := Term{
		Post: AreaPost(o.get("post").need().oneOf("", string(PostLeader), string(PostLiaison))),
		Who:  o.get("who").need().text(),
		From: o.get("from").need().day(),
		To:   o.get("to").day(),
	}
	if t.From != "" && t.To != "" && t.From > t.To {
		o.problem(o.get("to").at, "结束日"+string(t.To)+"早于开始日"+string(t.From), "改成不早于开始日")
	}
	return t
}

var userForm = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_.@-]{0,63}$`)

func readPerson(v value) Person {
	o := v.object()
	defer o.close()
	p := Person{Place: v.at}
	id := o.get("userid").need()
	if p.UserID = id.text(); p.UserID != "" && !userForm.MatchString(p.UserID) {
		id.problem(id.at, "userid“"+p.UserID+"”不对", "从企业微信通讯录复制“账号”，不是姓名")
	}
	p.Title = o.get("title").need().text()
	for _, r := range o.get("roles").need().items() {
		p.Roles = append(p.Roles, Role(r.oneOf("", texts(Roles())...)))
	}
	p.Unit = o.get("unit").text()
	return p
}

func readChat(v value) Chat {
	o := v.object()
	defer o.close()
	c := Chat{Place: v.at}
	c.Name = o.get("name").need().text()
	c.Kind = ChatKind(o.get("kind").need().oneOf("", texts(ChatKinds())...))
	c.ChatID = o.get("chatid").text()
	c.Webhook, c.WebhookEnv = o.get("webhook_env").webhook()
	return c
}

// texts turns words of any named type into plain ones.
func texts[S ~string](words []S) []string {
	var ts []string
	for _, w := range words {
		ts = append(ts, string(w))
	}
	return ts
}

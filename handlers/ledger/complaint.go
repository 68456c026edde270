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

// complaint is what somebody said about the burden. Its record is sealed; no office reads
// it, and the audit line does not say whose it is.
type complaint struct {
	Unit   string     `json:"u,omitempty"`
	By     string     `json:"b"` // hears the answer
	Day    config.Day `json:"d"`
	Words  string     `json:"w"`
	Answer string     `json:"a,omitempty"`
	Closed config.Day `json:"c,omitempty"`

	number, rev int
}

// How short and how long a complaint may be, in characters.
const shortest, longest = 4, 300

func table() store.Table { return store.Records("complaint") }

// allComplaints joins the reading of all complaints to a batch, in the order of their
// numbers.
func allComplaints(b *store.Batch) func() ([]complaint, error) {
	cells := b.All(table())
	return func() ([]complaint, error) {
		var out []complaint
		for field, cell := range *cells {
			n, err := strconv.Atoi(field)
			if err != nil {
				return nil, fmt.Errorf("complaint %q: %w", field, err)
			}
			c := complaint{number: n, rev: cell.Rev}
			if !cell.Lost {
				if err := json.Unmarshal([]byte(cell.Value), &c); err != nil {
					return nil, fmt.Errorf("decode complaint %d: %w", n, err)
				}
			} else {
				c.Closed = "lost" // its campaign is over and its words forgotten
			}
			out = append(out, c)
		}
		slices.SortFunc(out, func(a, b complaint) int { return a.number - b.number })
		return out, nil
	}
}

func (c complaint) put(d *handlers.Desk) store.Change {
	body, err := json.Marshal(c)
	if err != nil {
		panic("ledger: complaint does not encode: " + err.Error())
	}
	return store.PutSealed(table(), strconv.Itoa(c.number), c.rev, string(body), campaign(d))
}

// campaign is whose key seals a complaint: the first running pack's.
func campaign(d *handlers.Desk) string {
	if packs := d.Packs(); len(packs) > 0 {
		return packs[0].Name
	}
	return ""
}

// waiting lists what has no answer yet, the oldest first.
func waiting(list []complaint) []string {
	var out []string
	for _, c := range list {
		if c.Closed == "" {
			out = append(out, c.line())
		}
	}
	if len(out) == 0 {
		return []string{"没有待办的反映。"}
	}
	return append(append([]string{fmt.Sprintf("待办的反映%d条：", len(out))}, out...), "办好了发：/减负 编号 怎么办的")
}

func (c complaint) line() string {
	unit := c.Unit
	if unit == "" {
		unit = "街道"
	}
	return fmt.Sprintf("%d号 %s %s：%s", c.number, unit, c.Day.Label(), c.Words)
}

// complain takes a complaint, in private only: in a group everybody would see whose it is.
func complain(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	if !c.Private() {
		return handlers.Outcome{}, handlers.Refuse("群里人人看得到，没有记。", "请私聊我发：减负 哪里重复了")
	}
	words := strings.TrimSpace(syntax.Behind(c.Message.Text, "减负", "负担"))
	switch n := utf8.RuneCountInString(words); {
	case n < shortest:
		return handlers.Outcome{}, handlers.Refuse("想反映什么？请写一句。", "例：/减负 区里平台和街道表都要返沪人数")
	case n > longest:
		return handlers.Outcome{}, handlers.Refusef("请写短些，或分几条发。", "一条最多%d个字，您写了%d个。", longest, n)
	}
	b := c.Read()
	read := allComplaints(b)
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read complaints: %w", err)
	}
	list, err := read()
	if err != nil {
		return handlers.Outcome{}, err
	}
	one := complaint{Unit: c.Person.Unit, By: c.Person.UserID, Day: c.Day, Words: words, number: 1}
	if len(list) > 0 {
		one.number = list[len(list)-1].number + 1
	}
	lines := []string{fmt.Sprintf("收到（减负%d号），已转纪工委和党政办。只有他们看得到是哪个居民区，科室看不到。", one.number)}
	if hint := known(&c.Desk, words); hint != "" {
		lines = append(lines, hint)
	}
	out := handlers.Answer(strings.Join(lines, "\n"))
	out.Changes = []store.Change{one.put(&c.Desk)}
	out.Audit = handlers.Audit{Record: "减负/" + strconv.Itoa(one.number), Rev: 1, Nobody: true}
	out.Sealed = campaign(&c.Desk)
	out.Loads = []handlers.Load{{Office: string(config.RoleDiscipline)}} // whose channel it is
	for _, role := range readers {
		for _, p := range c.Dir.PeopleOf(c.Street, role) {
			push := handlers.PushAt(handlers.ToPerson(p.UserID), handlers.Notice, handlers.Say("减负"+one.line()+"\n办好了发：/减负 "+strconv.Itoa(one.number)+" 怎么办的"), c.At)
			push.Campaign = campaign(&c.Desk)
			out.Pushes = append(out.Pushes, push)
		}
	}
	return out, nil
}

// known says where a number that a complaint names is to be had without asking.
func known(d *handlers.Desk, words string) string {
	word, form := "", ""
	for _, p := range d.Packs() {
		for _, f := range p.Forms {
			if !f.InForce(d.Day) || f.By != "" && f.By != config.ByCommittee {
				continue
			}
			for _, x := range f.Fields {
				for _, w := range append([]string{x.Name, x.Item}, x.Aliases...) {
					if utf8.RuneCountInString(w) >= 2 && len(w) > len(word) && strings.Contains(words, w) {
						word, form = w, f.Name
					}
				}
			}
		}
	}
	if word == "" {
		return ""
	}
	return fmt.Sprintf("您说的“%s”%s里已有，科室、值班室可直接取数：/导 %s", word, form, form)
}

// settle closes a complaint with what was done, and tells who complained.
func settle(ctx context.Context, c *handlers.Call, n int, answer string) (handlers.Outcome, error) {
	b := c.Read()
	read := allComplaints(b)
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read complaints: %w", err)
	}
	list, err := read()
	if err != nil {
		return handlers.Outcome{}, err
	}
	i := slices.IndexFunc(list, func(one complaint) bool { return one.number == n })
	switch {
	case i < 0:
		return handlers.Outcome{}, handlers.Refusef("看有哪些，私聊发：减负", "没有减负%d号。", n)
	case !c.Private():
		return handlers.Outcome{}, handlers.Refuse("反映只在私聊里办。", "请私聊我再发一遍。")
	case list[i].Closed != "":
		return handlers.Answer(fmt.Sprintf("减负%d号办过了：%s", n, list[i].Answer)), nil
	case answer == "":
		return handlers.Answer("减负" + list[i].line() + "\n办好了发：/减负 " + strconv.Itoa(n) + " 怎么办的"), nil
	}
	one := list[i]
	one.Answer, one.Closed = answer, c.Day
	out := handlers.Answer(fmt.Sprintf("减负%d号已办结，答复发给反映的人了。", n))
	out.Changes = []store.Change{one.put(&c.Desk)}
	out.Audit = handlers.Audit{Record: "减负/" + strconv.Itoa(n), Rev: one.rev + 1}
	out.Sealed = campaign(&c.Desk)
	push := handlers.PushAt(handlers.ToPerson(one.By), handlers.Reply, handlers.Say(fmt.Sprintf("您反映的减负%d号有答复：%s", n, answer)), c.At)
	push.Campaign = campaign(&c.Desk)
	out.Pushes = []store.Push{push}
	return out, nil
}

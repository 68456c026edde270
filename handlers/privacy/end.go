package privacy

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

const dueDestroy = "destroy"

// endings hold how far the end of each campaign has come: field = the pack's name.
func endings() store.Table { return store.Records("ending") }

// stage is how far an end has come. From stageErasing on nobody can take it back.
type stage string

const (
	stageStarted   stage = "started"   // one wants it
	stageConfirmed stage = "confirmed" // two do; waits for its day
	stageErasing   stage = "erasing"
	stageDone      stage = "done"
	stageSwept     stage = "swept" // nobody said so in time: the data is gone by its term, the key is not
)

// ending is a campaign's end on its way.
type ending struct {
	Stage  stage          `json:"s"`
	To     config.Day     `json:"t"` // the campaign's last day
	Due    config.Day     `json:"d"` // the day its data goes
	By     string         `json:"b,omitempty"`
	At     int64          `json:"a,omitempty"`
	Second string         `json:"c,omitempty"`
	Agreed int64          `json:"g,omitempty"`
	Print  string         `json:"p,omitempty"` // fingerprint of the key
	Before map[string]int `json:"n,omitempty"` // by kind of place, before
	Erased int            `json:"e,omitempty"`

	rev int
}

func (e ending) change(pack string) store.Change {
	body, err := json.Marshal(e)
	if err != nil {
		panic("privacy: ending does not encode: " + err.Error())
	}
	return store.Put(endings(), pack, e.rev, string(body))
}

func decodeEnding(c store.Cell) (ending, error) {
	e := ending{rev: c.Rev}
	if c.Rev == 0 {
		return e, nil
	}
	if err := json.Unmarshal([]byte(c.Value), &e); err != nil {
		return e, fmt.Errorf("decode ending: %w", err)
	}
	return e, nil
}

func readEnding(ctx context.Context, d *handlers.Desk, pack string) (ending, error) {
	b := d.Read()
	cell := b.Cell(endings(), pack)
	if err := b.Run(ctx); err != nil {
		return ending{}, fmt.Errorf("read ending of %s: %w", pack, err)
	}
	return decodeEnding(*cell)
}

// end is /结束: one starts it, a second confirms it, until the data goes either takes it back.
func (f *Family) end(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	if err := private(c); err != nil {
		return handlers.Outcome{}, err
	}
	name, verb, _ := strings.Cut(strings.TrimSpace(c.Rest), " ")
	run, ok := lastRun(c.Street, name)
	if !ok {
		var names []string
		for _, r := range c.Street.Runs {
			if !slices.Contains(names, r.Pack.Title) {
				names = append(names, r.Pack.Title)
			}
		}
		return handlers.Outcome{}, handlers.Refusef("例：/结束 "+names[0], "哪个专项？有：%s。", strings.Join(names, "、"))
	}
	if run.To == "" {
		return handlers.Answer(run.Pack.Title + "还没有定结束日，没有动。\n请管理员在配置里写上它的 to，再发一遍。"), nil
	}
	e, err := readEnding(ctx, &c.Desk, run.Pack.Name)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if e.To != run.To { // an earlier campaign of the same pack, long gone
		e = ending{rev: e.rev}
	}
	switch verb = strings.TrimSpace(verb); {
	case verb == "确认" && e.Stage == stageStarted:
		return f.confirm(c, run, e)
	case verb == "撤回" && (e.Stage == stageStarted || e.Stage == stageConfirmed):
		return f.takeBack(c, run, e)
	case e.Stage == "" || e.Stage == stageSwept:
		return f.begin(c, run, e)
	}
	return handlers.Answer(e.say(&c.Desk, run)), nil
}

// lastRun is the newest run of the pack of that title or name.
func lastRun(s *config.Street, name string) (config.Run, bool) {
	var found config.Run
	for _, r := range s.Runs {
		if (r.Pack.Title == name || r.Pack.Name == name) && (found.Pack == nil || r.From > found.From) {
			found = r
		}
	}
	return found, found.Pack != nil
}

func (e ending) say(d *handlers.Desk, run config.Run) string {
	head := fmt.Sprintf("%s %s结束", run.Pack.Title, e.To.Label())
	switch e.Stage {
	case stageStarted:
		return fmt.Sprintf("%s。%s %s提出，等另一位确认：/结束 %s 确认", head, title(d, e.By), moment(d, e.At), run.Pack.Title)
	case stageConfirmed:
		return fmt.Sprintf("%s。%s提出，%s确认，%s销毁住户数据和密钥。不销毁了就发：/结束 %s 撤回", head, title(d, e.By), title(d, e.Second), e.Due.Label(), run.Pack.Title)
	case stageErasing:
		return head + "。正在销毁，停不下来了。"
	}
	return head + "，已销毁。看证书发：/留痕 证书 " + run.Pack.Title
}

func (f *Family) begin(c *handlers.Call, run config.Run, e ending) (handlers.Outcome, error) {
	if !c.Person.Has(starters...) {
		return handlers.Outcome{}, handlers.Refuse("结束专项要由领导或党政办先提出。", "提出以后，您可以来确认。")
	}
	e.Stage, e.To, e.Due = stageStarted, run.To, run.To.Add(handlers.KeepHouses)
	e.By, e.At, e.Second = c.Person.UserID, c.At.Unix(), ""
	out := handlers.Answer(fmt.Sprintf("%s的住户数据和密钥%s销毁，销毁后谁也看不到，备份也打不开。\n还要另一位领导、党政办或纪工委确认，已去问了。", run.Pack.Title, e.Due.Label()))
	line := "/结束 " + run.Pack.Title
	ask := card("end-"+run.Pack.Name, "请确认：结束"+run.Pack.Title, fmt.Sprintf("%s提出。%s结束，%s销毁住户数据和密钥，备份也打不开。", c.Person.Title, run.To.Label(), e.Due.Label()),
		handlers.Button{Text: "确认", Line: line + " 确认", Primary: true}, handlers.Button{Text: "撤回", Line: line + " 撤回"})
	for _, id := range audience(&c.Desk, c.Person.UserID, seconds...) {
		out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(id), handlers.CaseCard, ask, c.At))
	}
	out.Changes = []store.Change{e.change(run.Pack.Name)}
	out.Audit = handlers.Audit{Record: "结束/" + run.Pack.Name + "/提出", Rev: e.rev + 1}
	return out, nil
}

func (f *Family) confirm(c *handlers.Call, run config.Run, e ending) (handlers.Outcome, error) {
	if e.By == c.Person.UserID {
		return handlers.Outcome{}, handlers.Refuse("您自己提出的，要另一位来确认。", "请领导、党政办或纪工委里的另一位发这一行。")
	}
	e.Stage, e.Second, e.Agreed = stageConfirmed, c.Person.UserID, c.At.Unix()
	out := handlers.Answer(e.say(&c.Desk, run))
	out.Pushes = []store.Push{handlers.PushAt(handlers.ToPerson(e.By), handlers.CaseCard, out.Reply, c.At)}
	at := c.Street.At(e.Due, 3*60+40)
	if at.Before(c.At) {
		at = c.At
	}
	out.Changes = []store.Change{e.change(run.Pack.Name), store.DueAt(dueDestroy, run.Pack.Name, at)}
	out.Audit = handlers.Audit{Record: "结束/" + run.Pack.Name + "/确认", Rev: e.rev + 1}
	return out, nil
}

func (f *Family) takeBack(c *handlers.Call, run config.Run, e ending) (handlers.Outcome, error) {
	to := []string{e.By, e.Second}
	rev := e.rev
	e = ending{rev: rev}
	out := handlers.Answer(run.Pack.Title + "的销毁撤回了，要销毁时再发：/结束 " + run.Pack.Title)
	for _, id := range to {
		if id != "" && id != c.Person.UserID {
			out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(id), handlers.CaseCard, handlers.Say(c.Person.Title+"撤回了"+run.Pack.Title+"的销毁。"), c.At))
		}
	}
	out.Changes = []store.Change{store.Delete(endings(), run.Pack.Name, rev), store.DueDone(dueDestroy, run.Pack.Name)}
	out.Audit = handlers.Audit{Record: "结束/" + run.Pack.Name + "/撤回", Rev: rev}
	return out, nil
}

// destroy brings an end on by one step: count, erase a chunk, and when nothing is left the
// key and the certificate.
func (f *Family) destroy(ctx context.Context, it *handlers.Item) (handlers.Outcome, error) {
	pack := it.ID
	b := it.Read()
	cell := b.Cell(endings(), pack)
	left := b.Traces(pack)
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("look for data of %s: %w", pack, err)
	}
	e, err := decodeEnding(*cell)
	if err != nil {
		return handlers.Outcome{}, err
	}
	run, ok := lastRun(it.Street, pack)
	if !ok || e.Stage != stageConfirmed && e.Stage != stageErasing {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	if slices.Contains(it.Street.Active(it.Day), run.Pack) { // it was switched on again meanwhile
		return handlers.Outcome{Changes: []store.Change{store.DueAt(dueDestroy, pack, it.At.Add(24*time.Hour))}}, nil
	}
	if e.Stage == stageConfirmed {
		// Counted before the first value goes, in a commit of its own: from here on nobody takes it back.
		if e.Print, err = b.KeyPrint(pack); err != nil {
			return handlers.Outcome{}, err
		}
		e.Stage, e.Before = stageErasing, counted(*left)
		return handlers.Outcome{
			Changes: []store.Change{e.change(pack), store.DueAt(dueDestroy, pack, it.At)},
			Audit:   handlers.Audit{Record: "结束/" + pack + "/销毁", Rev: e.rev + 1, Values: fmt.Sprint(e.Before)},
		}, nil
	}
	if n := len(*left); n > 0 {
		e.Erased += min(n, chunk)
		out := handlers.Outcome{Changes: []store.Change{e.change(pack), store.DueAt(dueDestroy, pack, it.At)}}
		for _, t := range (*left)[:min(n, chunk)] {
			out.Changes = append(out.Changes, t.Erase())
		}
		out.Audit = handlers.Audit{Record: fmt.Sprintf("结束/%s/销毁/%d", pack, min(n, chunk)), Rev: e.rev + 1}
		return out, nil
	}
	return f.certify(&it.Desk, run, e), nil
}

// counted counts traces by the kind of place they lie in, as people call it.
func counted(traces []store.Trace) map[string]int {
	out := map[string]int{}
	for _, t := range traces {
		out[placeName(t.Kind)]++
	}
	return out
}

// placeName is what people call a kind of place.
func placeName(kind string) string {
	switch {
	case strings.HasPrefix(kind, "rec:reg-log/"):
		return "住户册旧版"
	case strings.HasPrefix(kind, "rec:reg/"):
		return "住户册"
	case kind == "rec:case":
		return "问题单"
	case kind == "rec:case-log":
		return "问题单旧版"
	case kind == "rec:complaint":
		return "反映"
	}
	if name := map[string]string{"report": "填报文字", "raw": "原话", "draft": "草稿", "done": "答复", "push": "待发", "push:kept": "未送达", "audit": "留痕附记"}[kind]; name != "" {
		return name
	}
	return "其他"
}

// ended looks for campaigns whose term has passed without an end: their households' data
// goes all the same, and 党政办 is asked once to end them, so that the key goes too.
func (f *Family) ended(ctx context.Context, d *handlers.Desk) (handlers.Outcome, error) {
	var out handlers.Outcome
	for _, run := range d.Street.Runs {
		last, _ := lastRun(d.Street, run.Pack.Name)
		if run.To == "" || run.From != last.From || !d.Over(run.To, handlers.KeepHouses) || slices.Contains(d.Packs(), run.Pack) {
			continue
		}
		e, err := readEnding(ctx, d, run.Pack.Name)
		if err != nil {
			return out, err
		}
		if e.To == run.To && e.Stage != "" && e.Stage != stageStarted {
			continue
		}
		b := d.Read()
		traces := b.Traces(run.Pack.Name)
		if err := b.Run(ctx); err != nil {
			return out, fmt.Errorf("look for data of %s: %w", run.Pack.Name, err)
		}
		room := 100 - len(out.Changes)
		for _, t := range (*traces)[:min(len(*traces), max(0, room))] {
			out.Changes = append(out.Changes, t.Erase())
		}
		if len(*traces) > room {
			continue // the rest tomorrow, and then the question
		}
		e.Stage, e.To, e.Due = stageSwept, run.To, run.To.Add(handlers.KeepHouses)
		out.Changes = append(out.Changes, e.change(run.Pack.Name))
		text := fmt.Sprintf("%s结束满%d天，住户数据已按期清掉%d条。密钥还在，请发：/结束 %s", run.Pack.Title, handlers.KeepHouses, len(*traces), run.Pack.Title)
		for _, id := range audience(d, "", config.RoleParty) {
			out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(id), handlers.CaseCard, handlers.Say(text), d.At))
		}
	}
	return out, nil
}

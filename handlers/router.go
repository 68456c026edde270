package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers/syntax"
	"juwei/store"
)

// Router leads one message to the handler that answers it and commits what it decides.
type Router struct {
	name      string
	dir       *Directory
	book      Book
	door      Door
	families  []Family
	dialogues []Dialogue
	patience  time.Duration
	resolve   Resolve
	committed func(street string)
	watch     func(cmd, outcome string, street string)
	log       *slog.Logger
	streets   map[string]*vocabulary
	splitters map[string]*syntax.Splitter // by the words they know
	curious   bool                        // what was understood shall be told, see Try
	screen    *syntax.Screen              // finds personal data
}

// RouterOptions wires a Router.
type RouterOptions struct {
	BotName   string // the name people mention
	Directory *Directory
	Book      Book
	Door      Door
	Families  []Family
	Patience  time.Duration       // how long to try while Redis is away, e.g. 3 s: bot messages are not delivered again
	Resolve   Resolve             // may be nil: encrypted userids stay strangers
	Committed func(street string) // called after a commit with pushes; wakes the courier; may be nil
	Watch     func(cmd, outcome string, street string)
	Logger    *slog.Logger
}

// vocabulary is what one street's people may type.
type vocabulary struct {
	commands []Command
	byName   map[string]Command
	splitter *syntax.Splitter
}

// NewRouter makes a Router. It panics when two commands of one street share a word:
// that is a mistake in the program or in a pack that the configuration check lets through.
func NewRouter(o RouterOptions) *Router {
	r := &Router{
		name: o.BotName, dir: o.Directory, book: o.Book, door: o.Door, families: o.Families,
		patience: o.Patience, resolve: o.Resolve, committed: o.Committed, watch: o.Watch, log: o.Logger,
		streets: map[string]*vocabulary{}, splitters: map[string]*syntax.Splitter{}, screen: newScreen(o.Directory.Streets()),
	}
	for _, f := range r.families {
		r.dialogues = append(r.dialogues, f.Dialogues...)
	}
	slices.SortStableFunc(r.dialogues, func(a, b Dialogue) int {
		switch {
		case a.Sure == b.Sure:
			return 0
		case a.Sure:
			return -1
		}
		return 1
	})
	for _, s := range o.Directory.Streets() {
		r.streets[s.Code] = r.vocabulary(s)
	}
	return r
}

func (r *Router) vocabulary(s *config.Street) *vocabulary {
	v := &vocabulary{byName: map[string]Command{}}
	taken := map[string]bool{}
	for _, f := range r.families {
		if f.Commands == nil {
			continue
		}
		for _, c := range f.Commands(s) {
			for _, w := range append([]string{c.Name}, c.Aliases...) {
				if w == "" || taken[w] {
					panic(fmt.Sprintf("handlers: street %s: the word %q is empty or belongs to two commands", s.Code, w))
				}
				taken[w] = true
			}
			v.commands = append(v.commands, c)
			v.byName[c.Name] = c
		}
	}
	v.splitter = r.splitterOf(words(v.commands))
	return v
}

// splitterOf makes the splitter of some words, once: most streets run the same packs.
func (r *Router) splitterOf(commands []syntax.Word) *syntax.Splitter {
	key := fmt.Sprint(commands)
	if r.splitters[key] == nil {
		r.splitters[key] = syntax.NewSplitter(syntax.Vocabulary{BotNames: []string{r.name}, Commands: commands})
	}
	return r.splitters[key]
}

// allowed lists what the caller may use and has a use for; what not everybody may comes
// first, for that is what the person is here for.
func (r *Router) allowed(call *Call) []Command {
	var own, common []Command
	for _, c := range r.streets[call.Street.Code].commands {
		fitted, ok := c, c.offered(call.Person)
		if ok {
			fitted, ok = c.fitted(call)
		}
		switch {
		case !ok:
		case len(c.Roles) > 0:
			own = append(own, fitted)
		default:
			common = append(common, fitted)
		}
	}
	return append(own, common...)
}

func (r *Router) dues(ctx context.Context, c *Call) ([]Due, error) {
	var out []Due
	for _, f := range r.families {
		if f.Dues == nil {
			continue
		}
		d, err := f.Dues(ctx, c)
		if err != nil {
			return nil, err
		}
		out = append(out, d...)
	}
	return out, nil
}

// Handle answers one message. It implements Receive: the content is always fit to be
// shown; the error is for the log and for channels that can ask for another try.
func (r *Router) Handle(ctx context.Context, m Message) (Content, error) {
	res := r.handle(ctx, m)
	if r.watch != nil {
		r.watch(res.command, res.outcome, res.street)
	}
	return r.drilled(res.street, res.out.Reply), res.err
}

// drilled marks what is said in a street that drills. Without a street, where all do.
func (r *Router) drilled(street string, c Content) Content {
	all := true
	for _, s := range r.dir.Streets() {
		if len(s.Drill) > 0 && s.Code == street {
			return Marked(DrillMark, c)
		}
		all = all && len(s.Drill) > 0
	}
	if street == "" && all {
		return Marked(DrillMark, c)
	}
	return c
}

// Result is what became of a message, for Handle and for `bot try`.
type Result struct {
	Command string
	Outcome Outcome
	Refusal *Refusal
	Err     error
	Parts   []Result // one for each command, only if the message held several
}

// Try is Handle for the curious: it returns everything the bot made of the message.
func (r *Router) Try(ctx context.Context, m Message) Result {
	curious := *r
	curious.curious = true
	return curious.handle(ctx, m).tried()
}

type result struct {
	command, outcome, street string
	out                      Outcome
	refusal                  *Refusal
	err                      error
	parts                    []result
}

func (r result) tried() Result {
	t := Result{Command: r.command, Outcome: r.out, Refusal: r.refusal, Err: r.err}
	for _, p := range r.parts {
		t.Parts = append(t.Parts, p.tried())
	}
	return t
}

func refused(cmd, street string, why *Refusal) result {
	return result{command: cmd, outcome: "refused", street: street, out: Answer(why.Error()), refusal: why}
}

func (r *Router) handle(ctx context.Context, m Message) result {
	if found := guard(r.screen, m); found != nil {
		return refused("", "", found) // before anybody is looked up, before anything is logged
	}
	c, stranger, err := r.meet(ctx, m)
	if err != nil {
		return r.failed(ctx, "", "", m, err)
	}
	if stranger != nil {
		return refused("", "", stranger)
	}
	switch m.Kind {
	case Enter:
		return r.settle(ctx, c, "进入", r.welcome)
	case Unreadable:
		return refused("", c.Street.Code, Refuse("图片、文件、位置我还看不懂。", "打一行字，或在私聊里发语音都行。不会写就发：帮助"))
	}
	return r.route(ctx, c)
}

// meet finds out who speaks and where. A stranger or an unbound chat gets one polite line.
func (r *Router) meet(ctx context.Context, m Message) (*Call, *Refusal, error) {
	r.dir.Dawn(m.At)
	p, street, known := r.dir.Person(m.From)
	if !known && r.resolve != nil {
		id, err := r.resolve(ctx, m.From)
		if err != nil {
			r.log.WarnContext(ctx, "userid not resolved", "id", m.ID, "err", err)
		} else if id != m.From {
			p, street, known = r.dir.Person(id)
		}
	}
	if !known {
		return nil, Refuse("您还不在名单里，我不能替您记。", "请联系街道"+r.adminTitle()+"加一下，加好再发一遍就行。"), nil
	}
	c := &Call{
		Desk:    Desk{Street: street, Day: street.Day(m.At), At: m.At, Dir: r.dir, Book: r.book},
		Message: m, Person: p, house: r,
	}
	if m.Single() {
		return c, nil, nil
	}
	chat, where, bound := r.dir.Chat(m.Chat)
	if bound && where.Code == street.Code {
		c.Chat = chat
		return c, nil, nil
	}
	if head := r.streets[street.Code].splitter.Split(m.Text); !bound && p.Has(config.RoleAdmin) && r.streets[street.Code].byName[head.Command].Binding {
		return c, nil, nil
	}
	return nil, Refuse("这个群还没有登记，我在这里不记东西。", "请街道"+r.adminTitle()+"在群里发：@"+r.name+" /绑定。急着报可以私聊我。"), nil
}

func (r *Router) adminTitle() string {
	for _, s := range r.dir.Streets() {
		for _, p := range r.dir.PeopleOf(s, config.RoleAdmin) {
			return p.Title
		}
	}
	return string(config.RoleAdmin)
}

func (r *Router) route(ctx context.Context, c *Call) result {
	v := r.streets[c.Street.Code]
	text := c.Message.Text
	if c.Message.Kind == Click {
		text = c.Message.Press.Key
	}
	heads := v.splitter.SplitAll(text)
	if len(heads) > 1 && v.known(heads) && !v.byName[heads[0].Command].Prose {
		return r.several(ctx, c, heads)
	}
	return r.one(ctx, c, v.splitter.Split(text))
}

// known reports whether every head is a command.
func (v *vocabulary) known(heads []syntax.Head) bool {
	return !slices.ContainsFunc(heads, func(h syntax.Head) bool {
		_, ok := v.byName[h.Command]
		return !ok
	})
}

// several answers a message of several commands, one after the other as if they had been
// sent so, in one reply. Each part is an occasion of its own: a repeated message hears what
// each part said the first time.
func (r *Router) several(ctx context.Context, c *Call, heads []syntax.Head) result {
	all := result{street: c.Street.Code}
	var said []string
	for i, h := range heads {
		part := *c
		if i > 0 {
			part.Message.ID = fmt.Sprintf("%s#%d", c.Message.ID, i+1)
		}
		res := r.one(ctx, &part, h)
		if r.watch != nil && i < len(heads)-1 {
			r.watch(res.command, res.outcome, res.street) // the last is counted by Handle
		}
		all.command, all.outcome, all.out = res.command, res.outcome, res.out
		if res.err != nil && all.err == nil {
			all.err = res.err
		}
		if res.refusal != nil && all.refusal == nil {
			all.refusal = res.refusal
		}
		said = append(said, res.out.Reply.Text)
		all.parts = append(all.parts, res)
	}
	all.out.Reply = Say(strings.Join(said, "\n\n"))
	return all
}

// one answers a message with one head.
func (r *Router) one(ctx context.Context, c *Call, head syntax.Head) result {
	v := r.streets[c.Street.Code]
	cmd, known := v.byName[head.Command]
	if known && !head.Slash && !c.Message.Single() && !head.Mentioned {
		known = false // a word in passing, not a command
	}
	if known && cmd.Slashed && !head.Slash {
		known = false
		if cmd.Whole {
			head.Rest = head.Line
		}
	}
	c.Rest, c.Slash, c.Named = head.Rest, head.Slash, head.Mentioned
	if known {
		if !cmd.Allowed(c.Person) {
			return r.settle(ctx, c, cmd.Name, func(ctx context.Context, c *Call) (Outcome, error) { return r.barred(ctx, c, cmd, head) })
		}
		return r.settle(ctx, c, cmd.Name, cmd.Run)
	}
	return r.settle(ctx, c, "", func(ctx context.Context, c *Call) (Outcome, error) { return r.talk(ctx, c, head) })
}

// barred is a command that others may use. Its bare word may still be an answer: 收到 of who
// is called to an emergency is no receipt of a notice.
func (r *Router) barred(ctx context.Context, c *Call, cmd Command, head syntax.Head) (Outcome, error) {
	if !head.Slash {
		said := *c
		said.Rest = head.Line
		for _, d := range r.dialogues {
			if !d.Sure {
				break
			}
			if out, mine, err := d.Try(ctx, &said); mine || err != nil {
				return out, err
			}
		}
	}
	return Outcome{}, Refusef("您能用的，发：帮助", "“%s”要由%s来发。", cmd.Name, roleList(cmd.Roles))
}

// talk offers a line that is no command to the dialogues in order; the first that
// knows it answers.
func (r *Router) talk(ctx context.Context, c *Call, head syntax.Head) (Outcome, error) {
	if !head.Slash {
		for _, d := range r.dialogues {
			out, mine, err := d.Try(ctx, c)
			if mine || err != nil {
				return out, err
			}
		}
	}
	return Outcome{}, r.lost(c, head)
}

// settle runs a handler, commits its outcome and turns every ending into words.
func (r *Router) settle(ctx context.Context, c *Call, cmd string, run func(context.Context, *Call) (Outcome, error)) result {
	var (
		out  Outcome
		done store.Done
	)
	err := r.patiently(ctx, func(ctx context.Context) error {
		var err error
		out, done, err = Settle(ctx, r.door, Occasion{ID: c.Message.ID, Actor: c.Person.UserID, Command: cmd}, &c.Desk, encodeReply,
			func() (Outcome, error) { return r.follow(ctx, c, run) })
		if err == nil && out.Pure() || asRefusal(err) != nil {
			// A repeated message hears its first reply, also when that reply had
			// consequences that make the same line mean something else by now.
			first := c.Read()
			said := first.Done(c.Message.ID)
			if rerr := first.Run(ctx); rerr != nil {
				return rerr
			}
			if said.Found {
				done, err = store.Done{Again: true, Reply: said.Reply}, nil
			}
		}
		return err
	})
	if why := asRefusal(err); why != nil {
		return refused(cmd, c.Street.Code, why)
	}
	if err != nil {
		return r.failed(ctx, cmd, c.Street.Code, c.Message, err)
	}
	if done.Again {
		if reply, ok := decodeReply(done.Reply); ok {
			out.Reply = reply
		}
		return result{command: cmd, outcome: "again", street: c.Street.Code, out: out}
	}
	outcome := "answered"
	if !out.Pure() {
		outcome = "stored"
		if out.Overlay {
			if err := r.dir.Refresh(ctx, r.book); err != nil {
				r.log.ErrorContext(ctx, "directory not refreshed", "id", c.Message.ID, "cmd", cmd, "err", err)
			}
		}
		if r.committed != nil && len(out.Pushes) > 0 {
			r.committed(c.Street.Code)
		}
	}
	return result{command: cmd, outcome: outcome, street: c.Street.Code, out: out}
}

// phone is how many lines are read at a glance.
const phone = 4

// follow runs a handler and opens the cases its outcome asks for; the asker hears their
// numbers behind the answer, in a group in private.
func (r *Router) follow(ctx context.Context, c *Call, run func(context.Context, *Call) (Outcome, error)) (Outcome, error) {
	out, err := run(ctx, c)
	i := slices.IndexFunc(r.families, func(f Family) bool { return f.OpenCase != nil })
	if err != nil || len(out.Opens) == 0 || i < 0 {
		return out, err
	}
	openings, more, err := r.families[i].OpenCase(ctx, &c.Desk, out.Opens)
	if err != nil {
		return out, err
	}
	out.Require = append(out.Require, more.Require...)
	out.Changes = append(out.Changes, more.Changes...)
	out.Pushes = append(out.Pushes, more.Pushes...)
	var said []string
	for _, o := range openings {
		if o.Said != "" {
			said = append(said, o.Said)
		}
	}
	switch text := strings.Join(said, "\n"); {
	case text == "":
	case c.Private():
		gap := "\n"
		if strings.Count(out.Reply.Text+gap+text, "\n") >= phone {
			gap = "\n\n"
		}
		out.Reply.Text = strings.TrimPrefix(out.Reply.Text+gap+text, gap)
	default:
		out.Pushes = append(out.Pushes, c.PrivateHalf(text, nil))
	}
	return out, nil
}

func asRefusal(err error) *Refusal {
	if why := (*Refusal)(nil); errors.As(err, &why) {
		return why
	}
	return nil
}

// patiently runs f again while Redis is away, for as long as the Router has patience.
func (r *Router) patiently(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	wait := 50 * time.Millisecond
	for {
		err := f(ctx)
		if err == nil || !errors.Is(err, store.ErrUnavailable) || ctx.Err() != nil {
			return err
		}
		pause(ctx, wait)
		if ctx.Err() != nil {
			return err
		}
		wait *= 2
	}
}

// failed turns an error nobody can act on in the chat into a fixed sentence; the log
// has the whole story under the same id.
func (r *Router) failed(ctx context.Context, cmd, street string, m Message, err error) result {
	r.log.ErrorContext(ctx, "message not handled", "id", m.ID, "chat", m.Chat, "user", m.From, "cmd", cmd, "err", err)
	text := "没有存下，请过几分钟再发一次。"
	if errors.Is(err, ErrBusy) {
		text = "这会儿太忙，没有存下，请过一分钟再发一次。"
	}
	return result{command: cmd, outcome: "failed", street: street, out: Answer(text), err: err}
}

// welcome is what a person hears on opening the chat: who I am, what is due, one line to copy.
func (r *Router) welcome(ctx context.Context, c *Call) (Outcome, error) {
	dues, err := r.dues(ctx, c)
	if err != nil {
		return Outcome{}, err
	}
	lines := []string{fmt.Sprintf("%s，您好，我是%s：一行字报完，不用填表。", c.Person.Title, r.name)}
	if len(dues) == 0 {
		lines = append(lines, "现在没有要您报的。", "想看能做什么，发：帮助")
	} else {
		lines = append(lines, "今天要报："+dues[0].Text, "照这样发："+dues[0].Line)
	}
	return Answer(strings.Join(lines, "\n")), nil
}

// lost is the answer to a line that is nothing I know: at most three suggestions.
func (r *Router) lost(c *Call, head syntax.Head) *Refusal {
	var near []string
	for _, n := range head.Near {
		if cmd, ok := r.streets[c.Street.Code].byName[n]; ok && cmd.Allowed(c.Person) && !cmd.Hidden {
			near = append(near, "/"+n)
		}
	}
	what := "这句我没看懂，什么也没记。"
	if head.Word != "" {
		what = fmt.Sprintf("没有“%s”这个命令，什么也没记。", Quote(head.Word))
	}
	if cmd, ok := r.streets[c.Street.Code].byName[head.Command]; ok && cmd.Allowed(c.Person) && (head.Line == cmd.Name || slices.Contains(cmd.Aliases, head.Line)) { // its word alone, without the slash it needs
		if cmd, ok = cmd.fitted(c); ok && cmd.Example != "" {
			near = []string{cmd.Example}
		}
	}
	if len(near) == 1 && c.Private() && head.Rest != "" && Clip(head.Rest, 60) == head.Rest && !strings.Contains(head.Rest, "\n") {
		near[0] += " " + head.Rest // the whole line to copy
	}
	if len(near) > 0 {
		return Refuse(what, "是不是想发："+strings.Join(near, " 或 "))
	}
	for _, cmd := range r.allowed(c) {
		if len(near) < 3 && cmd.Example != "" {
			near = append(near, cmd.Example)
		}
	}
	return Refuse(what, "可以这样发：\n"+strings.Join(near, "\n"))
}

func roleList(roles []config.Role) string {
	var out []string
	for _, r := range roles {
		out = append(out, string(r))
	}
	return strings.Join(out, "、")
}

// QuoteRunes is how much of what a person typed is quoted back to her.
const QuoteRunes = 12

// Quote shortens what a person typed, to be quoted back.
func Quote(s string) string { return Clip(s, QuoteRunes) }

// Clip shortens a text to a number of characters, with an ellipsis where it was cut.
func Clip(s string, runes int) string {
	if r := []rune(s); len(r) > runes {
		return string(r[:runes]) + "…"
	}
	return s
}

func encodeReply(c Content) []byte {
	if c.Card == nil {
		return []byte("t" + c.Text)
	}
	b, err := json.Marshal(c)
	if err != nil {
		panic("handlers: content does not encode: " + err.Error())
	}
	return append([]byte("j"), b...)
}

func decodeReply(b []byte) (Content, bool) {
	if len(b) == 0 {
		return Content{}, false
	}
	if b[0] == 't' {
		return Say(string(b[1:])), true
	}
	var c Content
	if err := json.Unmarshal(b[1:], &c); err != nil {
		return Content{}, false
	}
	return c, true
}

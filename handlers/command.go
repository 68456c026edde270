package handlers

import (
	"context"
	"errors"
	"slices"
	"time"

	"juwei/config"
	"juwei/handlers/syntax"
	"juwei/store"
)

// Book is what handlers need of the store: reading. Writing is Commit's alone.
type Book interface {
	Read(street string) *store.Batch
}

// Command is one word people type, as data: help, permission and suggestion are
// printed from it.
type Command struct {
	Name    string
	Aliases []string
	Roles   []config.Role        // who may; empty = everybody the street knows
	Guests  []config.Role        // who may too, and is not offered it in lists
	Summary string               // what it does, ≤ 20 characters
	Usage   string               // the shape, as typed
	Example string               // one line to copy
	Fits    func(c *Call) string // the line to copy that is right for the caller today: her form, her gate; "" = it has nothing for her, and is not offered in lists; nil = Example is right for everybody
	Detail  string               // more, for /帮助 <name>; may be empty
	Hidden  bool                 // not offered in lists
	Whole   bool                 // with Slashed: a dialogue hears a line without a slash whole, its word included (重点1 answers a form's question)
	Slashed bool                 // only with a slash: its word also begins everyday sentences (回1)
	Opens   bool                 // begins a line of its own without a slash, behind one that Leads: two forms in one message
	Leads   bool                 // see Opens
	Prose   bool                 // what follows is kept word for word: a line in it that looks like a command is none
	Binding bool                 // may be used by an administrator in a chat that is not bound yet
	Run     func(ctx context.Context, c *Call) (Outcome, error)
}

// Allowed reports whether a person may use the command.
func (c Command) Allowed(p config.Person) bool {
	return len(c.Roles) == 0 || p.Has(c.Roles...) || p.Has(c.Guests...)
}

// offered reports whether the command is shown to a person in lists.
func (c Command) offered(p config.Person) bool {
	return !c.Hidden && (len(c.Roles) == 0 || p.Has(c.Roles...))
}

// fitted is the command with the line to copy that is right for the caller; ok is false where
// it has nothing for her.
func (c Command) fitted(call *Call) (out Command, ok bool) {
	if c.Fits == nil {
		return c, true
	}
	line := c.Fits(call)
	if c.Usage == c.Example {
		c.Usage = line
	}
	c.Example = line
	return c, line != ""
}

// Dialogue answers a line that is no command, in the light of what was said before.
// It returns ok=false when the line is none of its business.
type Dialogue struct {
	Name string
	Sure bool // it knows its lines by themselves, such as a quoted number: asked before those that need what was said before
	Try  func(ctx context.Context, c *Call) (out Outcome, ok bool, err error)
}

// ErrNothing is the error of a duty that has nothing to do in its slot; the slot counts
// as done.
var ErrNothing = errors.New("nothing to do")

// Duty is what happens when a schedule's slot comes.
type Duty struct {
	Kind   string // the word used in a pack's `do:`
	Title  string // what it is, in a few characters, for /日程: 催报
	Daily  string // done in every street, whatever packs run: a time of day, 03:20; "" = where a pack says so
	Past   bool   // speaks about the day before its slot: runs also on the morning after the pack's last day
	Office string // whom its pushes are booked to where the outcome says nothing; "" = the family's
	Run    func(ctx context.Context, m *Moment) (Outcome, error)
}

// Recipe renders a push when its turn to be sent has come.
type Recipe struct {
	Name   string
	Render func(ctx context.Context, s *Serving) (Content, error) // *Moot: no longer true, drop it
}

// Moot is the error of a recipe whose purpose has passed; Why is for the outbox record.
type Moot struct{ Why string }

// Error names the reason.
func (m *Moot) Error() string { return m.Why }

// Due is one thing that waits for a person, in words, for the welcome and /我的.
type Due struct {
	Text string // "日报 17:00前"
	Line string // the line to copy
}

// Family is what one folder under handlers offers.
type Family struct {
	Name      string
	Office    string                           // whom what it says by itself is booked to, where an outcome names nobody
	Commands  func(s *config.Street) []Command // the street's packs may add commands
	Dialogues []Dialogue
	Duties    []Duty
	DueItems  []DueItem
	Recipes   []Recipe
	Retire    Retire    // what it keeps beyond its term; may be nil
	Sections  []Section // parts of a digest, see Section
	Dues      AskDues   // what is due from the caller; may be nil
	HandOver  HandOver  // gives what one person has to do to another; may be nil
	OpenCase  OpenCase  // follows what others' outcomes say in Opens; nil in all families but one
}

// Desk is what every occasion has: the street, its day, its people, its records.
type Desk struct {
	Street *config.Street
	Day    config.Day // the street's business day at At
	At     time.Time  // one value per occasion
	Dir    *Directory
	Book   Book
}

// Read starts a batch of reads in the desk's street: one round trip.
func (d *Desk) Read() *store.Batch { return d.Book.Read(d.Street.Code) }

// Packs are the packs that run on the desk's day.
func (d *Desk) Packs() []*config.Pack { return d.Street.Active(d.Day) }

// Call is one message on its way through a handler.
type Call struct {
	Desk
	Message Message
	Person  config.Person
	Chat    config.Chat // the group it was said in; zero in a 1:1 chat
	Rest    string      // normalised text behind the command, or the whole line for a dialogue
	Slash   bool
	Named   bool // the bot was mentioned by name
	house   *Router
}

// Curious reports whether anybody will look at the outcome's Read: `bot try` does.
func (c *Call) Curious() bool { return c.house != nil && c.house.curious }

// Private reports whether only the asker hears the reply.
func (c *Call) Private() bool { return c.Message.Single() }

// Commands lists what the caller may use, in the order of the families.
func (c *Call) Commands() []Command { return c.house.allowed(c) }

// Command finds a command the caller may use by its name or alias, also one that is not
// offered in lists.
func (c *Call) Command(name string) (Command, bool) {
	for _, cmd := range c.house.streets[c.Street.Code].commands {
		if (cmd.Name == name || slices.Contains(cmd.Aliases, name)) && cmd.Allowed(c.Person) {
			if fitted, ok := cmd.fitted(c); ok {
				cmd = fitted
			}
			return cmd, true
		}
	}
	return Command{}, false
}

// Taken reports whether a word is a command of the street, whoever may use it.
func (c *Call) Taken(name string) bool {
	return slices.ContainsFunc(c.house.streets[c.Street.Code].commands, func(cmd Command) bool {
		return cmd.Name == name || slices.Contains(cmd.Aliases, name)
	})
}

// Dues asks every family what is due from the caller.
func (c *Call) Dues(ctx context.Context) ([]Due, error) { return c.house.dues(ctx, c) }

// BotName is the name people mention.
func (c *Call) BotName() string { return c.house.name }

// PrivateHalf says something to the caller alone: the private half of an answer given
// in a group.
func (c *Call) PrivateHalf(text string, pack *config.Pack) store.Push {
	return Sealed(PushAt(ToPerson(c.Person.UserID), Reply, Say(text), c.At), pack)
}

// Moment is one slot of a duty.
type Moment struct {
	Desk
	Pack *config.Pack
	Duty *config.Duty
	Slot time.Time
}

// Serving is a recipe's turn.
type Serving struct {
	Desk
	To   Target
	Args map[string]string
}

// words turns commands into the splitter's vocabulary.
func words(cmds []Command) []syntax.Word {
	out := make([]syntax.Word, 0, len(cmds))
	for _, c := range cmds {
		out = append(out, syntax.Word{Name: c.Name, Aliases: c.Aliases, Opens: c.Opens, Leads: c.Leads})
	}
	return out
}

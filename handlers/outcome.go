package handlers

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"juwei/config"
	"juwei/store"
)

// Outcome is what a handler decided. It has written nothing.
type Outcome struct {
	Reply   Content        // what the asker hears now
	Require []store.Guard  // facts read that must still hold
	Changes []store.Change // what shall be remembered; each carries the revision it was decided on
	Pushes  []store.Push   // what shall be said to others, or later
	Audit   Audit          // what the audit line says beside time, actor and command
	Touches []Touch        // households it shows or changes
	Opens   []Matter       // what shall be followed as a case from now on, in the same commit (Family.OpenCase)
	Loads   []Load         // what it asks of people, by office; the pushes count for the first
	Overlay bool           // who is who or which chat is which changed: the Directory reads its overlay again
	Sealed  string         // pack whose data key seals the remembered reply; "" = plain
	Read    Understanding  // what was understood, for `bot try`
}

// Pure reports whether the outcome changes nothing and says nothing to others: such
// an answer is not committed.
func (o Outcome) Pure() bool {
	return len(o.Changes) == 0 && len(o.Pushes) == 0 && len(o.Touches) == 0 && o.Audit == (Audit{})
}

// Answer is an Outcome that only says something.
func Answer(text string) Outcome { return Outcome{Reply: Say(text)} }

// Audit names the record an outcome touches. Values enters the audit line as a salted
// digest only; Note lies in the erasable side record.
type Audit struct {
	Unit, Record string
	Rev          int
	Values, Note string
	Sealed       string // pack or office whose key seals the note; "" = plain
	Nobody       bool   // the line does not say who it was: a complaint
}

// Understanding is what a handler made of a line, in the user's words.
type Understanding struct {
	Unit   string
	Period string
	Values map[string]any
	Asks   []string
}

// Refusal is the one kind of error a user sees: what is wrong, and what to do or the
// line to copy. Each is one short sentence or line.
type Refusal struct {
	What string
	Fix  string
}

// Error is the refusal as the user reads it.
func (r *Refusal) Error() string {
	if r.Fix == "" {
		return r.What
	}
	return r.What + "\n" + r.Fix
}

// Refuse makes a Refusal.
func Refuse(what, fix string) *Refusal { return &Refusal{What: what, Fix: fix} }

// Refusef makes a Refusal whose first part is formatted.
func Refusef(fix, format string, args ...any) *Refusal {
	return &Refusal{What: fmt.Sprintf(format, args...), Fix: fix}
}

// Target says where a push goes: a chat by its configured name, or a person.
type Target string

// ToChat is the target for a street's chat, by its configured name (its chatid may
// be bound later, in chat).
func ToChat(name string) Target { return Target("chat:" + name) }

// ToPerson is the target for a person's private conversation.
func ToPerson(userid string) Target { return Target("user:" + userid) }

// IsChat reports whether it is a group.
func (t Target) IsChat() bool { return strings.HasPrefix(string(t), "chat:") }

// Parcel is the body of a push: ready content, or a recipe that is rendered when its
// turn to be sent comes.
type Parcel struct {
	Content Content           `json:"c,omitzero"`
	Recipe  string            `json:"r,omitempty"`
	Args    map[string]string `json:"a,omitempty"`
	All     *Consent          `json:"all,omitempty"` // call everybody in the group
	Again   bool              `json:"g,omitempty"`   // it may have been heard before: it is said marked
}

// Consent is a second person's yes to calling everybody (@all).
type Consent struct{ Author, Second string }

// Given reports whether two different persons want it.
func (y *Consent) Given() bool {
	return y != nil && y.Author != "" && y.Second != "" && y.Author != y.Second
}

// Body encodes the parcel.
func (p Parcel) Body() []byte {
	body, err := json.Marshal(p)
	if err != nil { // Parcel holds strings and booleans only
		panic("handlers: parcel does not encode: " + err.Error())
	}
	return body
}

// OpenParcel decodes a push's body.
func OpenParcel(body []byte) (Parcel, error) {
	var p Parcel
	if err := json.Unmarshal(body, &p); err != nil {
		return p, fmt.Errorf("open parcel: %w", err)
	}
	return p, nil
}

// PushAt is a push of ready content that may leave from the given moment on.
func PushAt(to Target, kind PushKind, c Content, at time.Time) store.Push {
	return push(to, kind, Parcel{Content: c}, at)
}

// RecipeUndelivered tells an administrator in the morning what did not arrive.
const RecipeUndelivered = "admin.undelivered"

// PushRecipe is a push rendered by the named recipe when its turn comes.
func PushRecipe(to Target, kind PushKind, recipe string, args map[string]string, at time.Time) store.Push {
	return push(to, kind, Parcel{Recipe: recipe, Args: args}, at)
}

func push(to Target, kind PushKind, p Parcel, at time.Time) store.Push {
	m := MannersOf(kind)
	out := store.Push{To: string(to), Kind: string(kind), Priority: m.Priority, Body: p.Body(), NotBefore: at}
	if m.Keep > 0 {
		out.Expires = at.Add(m.Keep)
	}
	return out
}

// Sealed marks a push as private: while it waits, its body is sealed with the pack's key.
func Sealed(p store.Push, pack *config.Pack) store.Push {
	if pack != nil {
		p.Campaign = pack.Name
	}
	return p
}

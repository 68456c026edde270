package store

import "time"

// Any as a revision means: do not check which revision is there.
const Any = -1

// MaxOps is how many guards, changes and pushes one act may hold. Larger acts are cut
// by the caller, each piece with an id of its own.
const MaxOps = 500

// Cell is one remembered value and how often it has been written. Rev 0: there is none.
type Cell struct {
	Rev   int
	Value string
	Lost  bool // the value was sealed and its key has been forgotten; Value is empty
}

// Guard is a fact somebody decided on: the cell must still be at Rev (0: still absent).
type Guard struct {
	Table Table
	Field string
	Rev   int
}

// Change is one thing that shall be remembered. Made by Put, PutKeep, PutSealed, Delete, Count,
// DueAt, DueDone, EraseNotes, EraseTable, ForgetKey, Trace.Erase, Cancel and Unkeep; its zero
// value is refused.
type Change struct {
	op       op
	table    Table
	log      Table
	field    string
	rev      int
	value    string
	campaign string
	score    int64
	line     string // opCancel: for the log of settled pushes
	counts   Counts // opCount
}

// In reports whether the change is one of table t.
func (c Change) In(t Table) bool { return c.table == t }

// Put writes a cell. rev is the revision it was decided on: 0 = must not exist, Any = do
// not check. The new revision is always the one found plus one.
func Put(t Table, field string, rev int, value string) Change {
	return Change{op: opPut, table: t, field: field, rev: rev, value: value}
}

// PutKeep is Put, and the value overwritten is kept in log as "<field>#<its revision>".
func PutKeep(t Table, field string, rev int, value string, log Table) Change {
	return Change{op: opKeep, table: t, field: field, rev: rev, value: value, log: log}
}

// PutSealed is Put with the value sealed by the data key of that campaign. Readers get it
// opened; once the campaign is forgotten they get Lost.
func PutSealed(t Table, field string, rev int, value, campaign string) Change {
	return Change{op: opPut, table: t, field: field, rev: rev, value: value, campaign: campaign}
}

// PutSealedKeep is PutSealed and PutKeep in one.
func PutSealedKeep(t Table, field string, rev int, value, campaign string, log Table) Change {
	return Change{op: opKeep, table: t, field: field, rev: rev, value: value, campaign: campaign, log: log}
}

// Delete removes a cell. The next Put of that field begins at revision 1 again.
func Delete(t Table, field string, rev int) Change {
	return Change{op: opDelete, table: t, field: field, rev: rev}
}

// DueAt remembers that the item shall come up at that time; a second call moves it.
func DueAt(kind, id string, at time.Time) Change {
	return Change{op: opDue, field: part(kind) + ":" + id, score: at.UnixMilli()}
}

// DueDone forgets a due item. Forgetting what is not there is no error.
func DueDone(kind, id string) Change {
	return Change{op: opUndue, field: part(kind) + ":" + id}
}

// EraseNotes forgets the side records (salts and notes) of a day's audit lines. The chain
// stays whole; whose values they were can no longer be proved or guessed.
func EraseNotes(day string) Change {
	return Change{op: opErase, table: Table{name: auditSideName(day)}}
}

// Push is one thing to be said to others, or later. Body is the caller's own encoding.
type Push struct {
	To        string // "chat:ID" or "user:ID"
	Kind      string
	Priority  int // lower goes first, 0…999
	Body      []byte
	NotBefore time.Time // zero: at once
	Expires   time.Time // zero: never
	Campaign  string    // non-empty: the body is sealed with that campaign's key
	From      int64     // number of the push it stands in for or repeats; 0: none
}

// Line is what the audit chain keeps of an act. Free text never enters the chain: Values
// enters as a salted digest, Note lies in the erasable side record together with the salt.
type Line struct {
	Actor, Command, Unit, Record string
	Rev                          int
	Values                       string
	Note                         string
	Campaign                     string // non-empty: the note is sealed with that campaign's key
}

// Act is everything one occasion does, done as a whole or not at all.
type Act struct {
	Street    string
	ID        string // happens once; empty: not remembered (courier, cursors)
	At        time.Time
	Day       string // the street's business day, for the audit chain; needed with Line
	Require   []Guard
	Facts     []Fact // taken from memory: the act is ErrStale unless they are so
	Changes   []Change
	Pushes    []Push
	Line      *Line // nil: not audited
	Reply     []byte
	SealReply string // non-empty: the remembered reply is sealed with that campaign's key
}

// Done is what came of an act.
type Done struct {
	Reply  []byte  // of the first time this id was committed
	Again  bool    // this id had been done before; nothing was changed now
	Pushes []int64 // the numbers given to the pushes, in their order
}

// op says what a change does; those up to opDelete concern one cell.
type op byte

const (
	opPut op = iota + 1
	opKeep
	opCount
	opDelete
	opDue
	opUndue
	opErase
	opCancel
	opTrace
	opForget
)

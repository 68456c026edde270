package store

import (
	"strings"
	"time"
)

// Every key there is. All keys of a street carry the hash tag {street}, so that one
// commit touches one slot; lifetimes are housekeeping only, no rule depends on them.
//
//	key                            type    content                                        lifetime
//	{s}:report:<form>:<period>     hash    unit → cell, the current report                2 years
//	{s}:report:<form>:<period>:text hash   unit → cell, texts and sealed values           2 years
//	{s}:report:<form>:<period>:log hash    "<unit>#<rev>" → older and pending versions    2 years
//	{s}:draft                      hash    userid → cell, what a person began             kept
//	{s}:notice                     hash    notice number → cell                           kept
//	{s}:notice:<number>:ack        hash    unit → cell, who has confirmed                 2 years
//	{s}:overlay:<kind>             hash    people, chats, units administered in chat      kept
//	{s}:duty                       hash    duty kind → cell, the last slot done           kept
//	{s}:digest                     hash    kind/day → cell, the text as it was said       kept
//	{s}:rec:<kind>                 hash    record id → cell, registers, cases, rosters    kept
//	{s}:raw:<day>                  hash    message id → cell, sealed raw text             7 days
//	{s}:due                        zset    "<kind>:<id>" by due time in ms                kept
//	{s}:done:<id>                  string  the remembered reply of one occasion           24 hours
//	{s}:push                       hash    number → cell, pushes not yet settled          kept
//	{s}:push:due                   zset    "<priority>:<number>" by due time or lease     kept
//	{s}:push:n                     string  the last push number given                     kept
//	{s}:push:kept:<day>            hash    number → cell, unknown and dead with body      7 days
//	{s}:pushlog:<day>              list    one line for each settled push, no content     7 days
//	{s}:audit:<day>                list    one line for each act, chained                 kept
//	{s}:audit:<day>:head           hash    n, head, marked: where the chain stands        kept
//	{s}:audit:<day>:side           hash    line number → salt and note, erasable          2 years
//	{s}:audit:<day>:mark           list    checkpoints of the head                        kept
//	{s}:said:<day>                 hash    target → cell, numbers counted in its budget   7 days
//	{s}:burden:<day>               hash    office → cell of counters, see Count           2 years
//	{pace:<pace>}                  zset    permits given, by time in ms                   twice the longest window
//	{pace:<pace>}:halt             hash    until → cell, "<ms>,<length>" of a forced rest 2 days
//	{bot}:hold                     hash    name → cell, who holds a lease and until when  kept
const (
	day      = 24 * time.Hour
	keepLong = 730 * day
	keepWeek = 7 * day
	keepDone = 24 * time.Hour
)

// Table is a hash of cells of one street. Its zero value is no table.
type Table struct {
	name string        // the key behind the hash tag
	keep time.Duration // housekeeping after the first field; 0 = kept
}

// String names the table as its key does, without the street.
func (t Table) String() string { return t.name }

// Reports holds the current reports of one form and period: field = unit. Values of at
// most 60 bytes keep the hash compact.
func Reports(form, period string) Table {
	return Table{"report:" + part(form) + ":" + part(period), keepLong}
}

// ReportTexts holds what is too long or too private for Reports: field = unit.
func ReportTexts(form, period string) Table {
	return Table{"report:" + part(form) + ":" + part(period) + ":text", keepLong}
}

// ReportLog holds older and pending versions of Reports: field = "<unit>#<rev>".
func ReportLog(form, period string) Table {
	return Table{"report:" + part(form) + ":" + part(period) + ":log", keepLong}
}

// Drafts holds what people began and have not confirmed: field = userid.
func Drafts() Table { return Table{"draft", 0} }

// Notices holds the notices of a street: field = notice number.
func Notices() Table { return Table{"notice", 0} }

// NoticeAcks holds who has confirmed one notice: field = unit.
func NoticeAcks(notice string) Table { return Table{"notice:" + part(notice) + ":ack", keepLong} }

// Overlay holds what was administered in chat; kind is people, chats or units.
func Overlay(kind string) Table { return Table{"overlay:" + part(kind), 0} }

// Cursors holds the last slot done of each duty: field = duty kind.
func Cursors() Table { return Table{"duty", 0} }

// Digests holds digests as they were said: field = kind/day.
func Digests() Table { return Table{"digest", 0} }

// Records holds the records of one kind (case, register entry, roster): field = record id.
func Records(kind string) Table { return Table{"rec:" + part(kind), 0} }

// Raw holds the sealed raw text of one day's accepted messages, for seven days.
func Raw(day string) Table { return Table{"raw:" + part(day), keepWeek} }

// Said holds what was said to each target on one day and counts against its budget: field
// = target, value = the numbers of the pushes. Whoever is about to say something adds its
// number at the revision it read, in the same commit that records the sending.
func Said(day string) Table { return Table{"said:" + part(day), keepWeek} }

// Burden counts what one day asked of people: field = the office that caused it, changed by
// Count alone.
func Burden(day string) Table { return Table{"burden:" + part(day), keepLong} }

// pushes holds what waits to be said or is being said: field = number.
func pushes() Table { return Table{"push", 0} }

// kept holds unknown and dead pushes with their body, so that a person can resend them.
func kept(day string) Table { return Table{"push:kept:" + part(day), keepWeek} }

const (
	dueName       = "due"
	pushDueName   = "push:due"
	pushCountName = "push:n"
	botTag        = "bot"
	holdName      = "hold"
	haltName      = "halt"
	holdKey       = "{" + botTag + "}:" + holdName
)

func pushLogName(day string) string   { return "pushlog:" + part(day) }
func auditName(day string) string     { return "audit:" + part(day) }
func auditHeadName(day string) string { return "audit:" + part(day) + ":head" }
func auditSideName(day string) string { return "audit:" + part(day) + ":side" }
func auditMarkName(day string) string { return "audit:" + part(day) + ":mark" }

// key puts a name behind a street's hash tag.
func key(street, name string) string { return "{" + street + "}:" + name }

// part keeps a name's own colons apart from the ones between parts.
func part(s string) string {
	if !strings.ContainsAny(s, ":%") {
		return s
	}
	return partEscaper.Replace(s)
}

var partEscaper = strings.NewReplacer("%", "%25", ":", "%3A")

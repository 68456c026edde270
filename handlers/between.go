package handlers

import (
	"context"
	"time"

	"juwei/config"
	"juwei/handlers/syntax"
	"juwei/store"
)

// What one family needs of another, filled in where the families are wired.

// Rectify answers /改 with a case's number in front (card G9): ok is false when there is no
// such case, or when the line is about something else.
type Rectify func(ctx context.Context, c *Call) (out Outcome, ok bool, err error)

// OnDuty lists the userids of who has the street's duty desk at the desk's moment, the
// first to be called first.
type OnDuty func(ctx context.Context, d *Desk) ([]string, error)

// AskNotice records a question about one point of a notice: ref holds the notice's number
// and the point (通知7.2), text the question. A notice or point that is not there is a
// Refusal.
type AskNotice func(ctx context.Context, c *Call, ref syntax.Ref, text string) (Outcome, error)

// Nodded answers 收到 that is about no notice: ok is false when nothing of the caller's waits
// to be taken up.
type Nodded func(ctx context.Context, c *Call) (out Outcome, ok bool, err error)

// Prefill joins the reading of what is known already of a form's figures, for a unit's report
// of a day, to a batch; the result is called after the batch has run. What it names is
// proposed and only confirmed, never kept by itself.
type Prefill func(d *Desk, b *store.Batch, form, unit string, day config.Day) func() (map[string]int, error)

// DigestLine joins the reading of one line for a morning's digest about a day to a batch;
// the result is called after the batch has run, and is "" when there is nothing to say.
type DigestLine func(d *Desk, b *store.Batch, day config.Day) func() (string, error)

// Matter is something wrong that one family came upon and another follows to its end: a
// gate without a thermometer, a report's figure that should be 0.
type Matter struct {
	Type   string // of case, as the running packs name it
	Unit   string // the committee
	Place  string // the gate or site in it; "" = the committee
	Text   string // what is wrong, without persons
	By     string // userid of who said so
	Source string // where it was said: the same source, said again or corrected, never opens a second case
	Over   bool   // the source says by now that nothing is wrong: an open case of it is told so
}

// Opening is what became of a matter.
type Opening struct {
	Number string // of its case; "" if there is none
	Joined bool   // the case was open already
	Said   string // one clause for the receipt: W07 转梅园书记，今天17:00前
}

// OpenCase opens a case for each matter, or tells the open case of the same source, or of
// the same type and place. The outcome holds the changes, the guards and the pushes to be
// added to the caller's own, so that both are committed together; openings are in the order
// of the list. A type that no running pack has opens nothing.
type OpenCase func(ctx context.Context, d *Desk, list []Matter) (openings []Opening, out Outcome, err error)

// Commend records a praise of a unit by the caller: text without the unit's name. The
// outcome's reply is its number and when it is handed over.
type Commend func(ctx context.Context, c *Call, unit, text string) (Outcome, error)

// CountSince joins counting what happened on the days from one up to, and not including,
// another to a batch; the result is called after the batch has run.
type CountSince func(b *store.Batch, from, until config.Day) func() (int, error)

// AskDues lists what is due from the caller in one family.
type AskDues func(ctx context.Context, c *Call) ([]Due, error)

// Section is one kind of part that a digest may have, offered by the family that keeps what
// it is about (Family.Sections). A pack's `digest:` names it and says its place:
//
//   - {title: 问题, kind: cases}
//   - {title: 门岗, kind: register, of: 门岗册}
//
// The kind items (figures of forms) is the digest's own.
type Section struct {
	Kind  string                           // the word in the pack: cases, register, roster, praise
	Names func(p *config.Pack) []string    // what the pack may name in `of`; nil: the kind has no names
	Read  func(q SectionQuery) SectionPart // joins the reading to q.Batch
}

// SectionQuery is what a section is asked.
type SectionQuery struct {
	Desk  *Desk        // At is the moment of asking; Day is not the day reported on
	Batch *store.Batch // what has to be read joins it: all sections are one round trip
	Pack  *config.Pack // whose digest it is
	Of    string       // which of the kind: a register's name; "" = all of it
	Day   config.Day   // the day reported on; of several, the last
	Days  int          // how many days up to Day are reported on: 1, or 7 for a week
	Units []string     // only what belongs to these committees; nil = the whole street
}

// SectionPart is called after the batch has run and says the part. An error makes the
// digest say that this part could not be made, and nothing else is lost. A zero Part says
// nothing: there is nothing to say that day.
type SectionPart func() (Part, error)

// Part is what a section says. The digest writes its title in front and the changes behind
// the figures: 门岗：5个有118/123(+2/+9) 缺测温：文苑东门.
type Part struct {
	Class   string   // of all of it: C0 or C1 (DOMAIN.md §4.3); a part of any other class is withheld
	Figures []Figure // said first; kept with the digest, so that later ones can say what changed. A figure of a health state is the street's as a whole
	Text    string   // said behind the figures: one line, no names of persons, no house codes
	Decide  []string // what waits for somebody's yes, ≤ 40 characters each; said before everything else
}

// Figure is one number of a Part, with its label. Labels are unique within a part.
type Figure struct {
	Label string
	N     int
	Of    int // what it is out of: 118/123; 0 = nothing
}

// LineSection makes a section of a family that has one line for a day and nothing else;
// what it says is C1.
func LineSection(kind string, line DigestLine) Section {
	return Section{Kind: kind, Read: func(q SectionQuery) SectionPart {
		read := line(q.Desk, q.Batch, q.Day)
		return func() (Part, error) {
			text, err := read()
			return Part{Class: "C1", Text: text}, err
		}
	}}
}

// Grid is a table of counts to be drawn as a picture, such as building × colour: a row for
// each building, a column for each colour.
type Grid struct {
	Title   string
	Note    string // under it: base and date
	Columns []GridColumn
	Rows    []GridRow
}

// GridColumn is one column of a Grid. The word always stands beside the colour.
type GridColumn struct {
	Name   string
	Colour string // #RRGGBB of its cells, paler for small counts; "" = grey
}

// GridRow is one row of a Grid: as many counts as there are columns.
type GridRow struct {
	Name   string
	Counts []int
}

// DrawGrid draws a grid as a PNG that reads on a phone: ≤ 1080 pixels wide, ≤ 2 MB. Where it
// has more rows than a picture holds, the last one says how many are left out.
type DrawGrid func(g Grid) (File, error)

// Trend is a run of days to be drawn as lines.
type Trend struct {
	Title string
	Note  string   // under it
	Days  []string // as they stand under the axis: 2.13
	Lines []TrendLine
}

// TrendLine is one line of a Trend: as many points as there are days.
type TrendLine struct {
	Name   string
	Points []TrendPoint
}

// TrendPoint is one day's value. Where nothing was reported there is none, and the line has
// a gap: a missing figure is never drawn as 0.
type TrendPoint struct {
	Known bool
	N     int    // where the point lies
	Text  string // what is written at it: 12.5; "" = N
	Base  string // how many reported: 17/19; "" = all
}

// DrawTrend draws a trend as a PNG, as DrawGrid does a grid.
type DrawTrend func(t Trend) (File, error)

// RecipeWorkbook is the recipe that sends tables as a workbook, a sheet each. Its arguments:
// tables (their names, a line each), first and last (days). The person gets the rows of the
// units whose figures he may hear.
const RecipeWorkbook = "tables.workbook"

// Behind takes a line under a form's word that is no report, where an act of a register says
// it stands behind the form (card S41: /宿 站前公寓老板不肯给名单). ok is false where it is not its
// either.
type Behind func(ctx context.Context, c *Call, form string) (out Outcome, ok bool, err error)

// Planned joins the reading of what is planned for a run of days to a batch: how many
// people are expected back on each day from the first on (card S29). The result has as many
// numbers as days.
type Planned func(d *Desk, b *store.Batch, first config.Day, days int) func() ([]int, error)

// Round joins the reading of where the rounds of one name stand to a batch: the number of the
// running one, from 1, and whether it is open. The result is called after the batch has run.
type Round func(b *store.Batch, name string) func() (n int, open bool, err error)

// Away joins the reading of who must not be reminded or called missing at the desk's
// moment, because he rests, to a batch; the result, by userid, is called after the batch
// has run.
type Away func(d *Desk, b *store.Batch) func() (map[string]bool, error)

// Sheet is a plain table for a workbook: cells are strings, which stay text whatever they
// begin with, or float64.
type Sheet struct {
	Name string
	Head []string
	Rows [][]any
}

// MakeBook writes sheets as an XLSX workbook that says who took it and when.
type MakeBook func(by string, at time.Time, sheets ...Sheet) ([]byte, error)

// HandOver gives what one person has to do in one family to who takes over the post: open
// cases, what was begun and not finished. It decides and changes nothing; the outcome holds
// the changes, without a reply.
type HandOver func(ctx context.Context, d *Desk, from, to string) (Handed, Outcome, error)

// Handed is what goes from one hand to the other.
type Handed struct {
	What  string   // 问题单, 没报完的表
	Names []string // of each thing its number alone, for who leaves
	Lines []string // of each thing one line, for who comes
}

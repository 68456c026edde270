package handlers

import (
	"juwei/config"
	"juwei/store"
)

// How long things are kept, in days (DOMAIN §4.3). This is the one place: the daily
// clean-up, /为什么 and the end of a campaign read it. What a Redis lifetime says besides is
// housekeeping.
const (
	KeepCounts  = 730 // C0: figures, digests, burden; from their day
	KeepWork    = 365 // C1: matters of sites and gates, texts, notices; from their closing
	KeepHouses  = 30  // C2: what is known of households; from the end of the campaign
	KeepHealth  = 30  // C3: health of a household; from its release, and with C2 at the latest
	KeepStaff   = 90  // C4: what staff said in confidence; from its closing
	KeepRaw     = 7   // raw text of accepted messages, sealed; outbox, what was unknown or dead
	KeepDrafts  = 2   // what somebody began and never finished
	KeepNotes   = 730 // side records of the audit: reasons, salts; the chain itself holds no values
	KeepReplies = 1   // remembered replies; Redis forgets them by itself
)

// Term is how long things of a class are kept, in words.
type Term struct {
	Class, What string
	Days        int
	From        string // counted from when
}

// Terms is the table as people read it.
func Terms() []Term {
	return []Term{
		{"C0", "数字：日报、晨报、减负账", KeepCounts, "当天"},
		{"C1", "场所、问题单、通知、填的文字", KeepWork, "办结"},
		{"C2", "住户的状态、日期、来处", KeepHouses, "专项结束"},
		{"C3", "一户的健康情况", KeepHealth, "解除"},
		{"C4", "工作人员自己的事、反映、备案线索", KeepStaff, "办结"},
		{"原话", "收下的原话（加密）", KeepRaw, "当天"},
		{"草稿", "没报完的", KeepDrafts, "当天"},
		{"留痕", "原因、盐值（链上不存内容）", KeepNotes, "当天"},
	}
}

// TermOf is the term of a class; an unknown class has the shortest that leaves no doubt.
func TermOf(class string) Term {
	for _, t := range Terms() {
		if t.Class == class {
			return t
		}
	}
	return TermOf("C2")
}

// Retire joins the reading of what a family keeps beyond its term to a batch. The result is
// called after the batch has run: the changes that erase it, not more than limit, with
// their revisions; what is left comes the next time.
type Retire func(d *Desk, b *store.Batch, limit int) func() ([]store.Change, error)

// Over reports whether what began to count on a day is over its term.
func (d *Desk) Over(from config.Day, days int) bool { return from != "" && from.Add(days) < d.Day }

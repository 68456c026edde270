package handlers

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"juwei/config"
	"juwei/store"
)

// Load is what an outcome asks of people, booked to the office that caused it. It becomes
// a count in store.Burden of the day, in the same commit, and a few characters in the audit
// line's side record, from which the counts can be made again.
type Load struct {
	Office    string // who asks: a form's owner; "" = Unattributed
	Reports   int    // reports that came in, one for each form
	Typed     int    // fields a person wrote
	Prefilled int    // fields the bot filled: carried on, known from another form, guessed and confirmed
	Pushes    int    // things said unasked; Settle counts them itself
}

// Unattributed is whom a burden is booked to that no office has its name on.
const Unattributed = "未注明"

// FromBelow is whom it is booked to that a committee or a site says something to others.
const FromBelow = "居民区"

// Fields is how many fields were asked.
func (l Load) Fields() int { return l.Typed + l.Prefilled }

// Plus adds up.
func (l Load) Plus(m Load) Load {
	l.Reports, l.Typed, l.Prefilled, l.Pushes = l.Reports+m.Reports, l.Typed+m.Typed, l.Prefilled+m.Prefilled, l.Pushes+m.Pushes
	return l
}

// Seconds of a person's time that a burden is reckoned to cost. They are an estimate: what
// counts is that it is the same for every office.
const (
	secondsReport  = 15 // to find the chat and to read the receipt
	secondsField   = 8  // to look a figure up and to write it
	secondsKnown   = 1  // to glance at one that is there already
	secondsMessage = 10 // to read what was said unasked
)

// Minutes is what a burden is reckoned to cost people.
func (l Load) Minutes() float64 {
	return float64(l.Reports*secondsReport+l.Typed*secondsField+l.Prefilled*secondsKnown+l.Pushes*secondsMessage) / 60
}

// Burdens joins the reading of a day's burden to a batch, by office in the order of their
// names; call the result after the batch has run.
func Burdens(b *store.Batch, day config.Day) func() ([]Load, error) {
	cells := b.All(store.Burden(string(day)))
	return func() ([]Load, error) {
		out := make([]Load, 0, len(*cells))
		for office, cell := range *cells {
			n, err := cell.Counts()
			if err != nil {
				return nil, fmt.Errorf("burden of %s: %w", office, err)
			}
			out = append(out, Load{Office: office, Reports: n[0], Typed: n[1], Prefilled: n[2], Pushes: n[3]})
		}
		slices.SortFunc(out, func(a, b Load) int { return strings.Compare(a.Office, b.Office) })
		return out, nil
	}
}

// officeOf is whom pushes are booked to that say nothing of an office: that of the person
// who caused them.
func officeOf(d *Desk, actor string) string {
	if d.Dir == nil {
		return Unattributed
	}
	p, _, known := d.Dir.Person(actor)
	if known && p.Has(config.RoleOffice) {
		return p.Title
	}
	for _, r := range []config.Role{config.RoleDiscipline, config.RoleParty, config.RoleInspector, config.RoleDutyDesk, config.RoleLeader, config.RoleAreaLeader, config.RoleLiaison, config.RoleAdmin} {
		if known && p.Has(r) {
			return string(r)
		}
	}
	if known {
		return FromBelow
	}
	return Unattributed
}

// loads are an outcome's loads by office, its pushes booked to the first, or to the office of
// the occasion, or to the actor's. Answers and the digest, which its readers asked for once and for all, burden nobody.
func (o Outcome) loads(d *Desk, by Occasion) []Load {
	pushes := 0
	for _, p := range o.Pushes {
		if k := PushKind(p.Kind); k != Reply && k != Digest {
			pushes++
		}
	}
	var out []Load
	for i, l := range o.Loads {
		if i == 0 {
			l.Pushes += pushes
			pushes = 0
		}
		if l.Office == "" {
			l.Office = Unattributed
		}
		if at := slices.IndexFunc(out, func(m Load) bool { return m.Office == l.Office }); at >= 0 {
			out[at] = out[at].Plus(l)
		} else {
			out = append(out, l)
		}
	}
	if pushes > 0 {
		out = append(out, Load{Office: cmp.Or(by.Office, officeOf(d, by.Actor)), Pushes: pushes})
	}
	return slices.DeleteFunc(out, func(l Load) bool { return l == Load{Office: l.Office} })
}

// booked are the changes that count an outcome's loads, and what the side record says of
// them: 1,7|服务办, zeros at the end left out, its loads separated by blanks.
func booked(loads []Load, day config.Day) (changes []store.Change, note string) {
	if len(loads) == 0 {
		return nil, ""
	}
	table := store.Burden(string(day))
	var b []byte
	for _, l := range loads {
		n := store.Counts{l.Reports, l.Typed, l.Prefilled, l.Pushes}
		changes = append(changes, store.Count(table, l.Office, n))
		if len(b) > 0 {
			b = append(b, ' ')
		}
		last := len(n) - 1
		for last > 0 && n[last] == 0 {
			last--
		}
		for i, x := range n[:last+1] {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(b, int64(x), 10)
		}
		b = append(append(b, LoadMark...), strings.ReplaceAll(l.Office, " ", "")...)
	}
	return changes, string(b)
}

// LoadMark stands between a load's counts and its office in the side record of an audit
// line, and nowhere else in it.
const LoadMark = "|"

// noted is a side record of what was said and, in a line of its own, what it cost whom.
func noted(said, loads string) string {
	switch said = strings.ReplaceAll(said, LoadMark, "｜"); {
	case said == "":
		return loads
	case loads == "":
		return said
	}
	return said + "\n" + loads
}

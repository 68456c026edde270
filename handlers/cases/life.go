package cases

import (
	"slices"
)

// State is where a case stands.
type State string

// The states.
const (
	Hidden  State = "未公开" // found in an unannounced visit, not yet said
	Waiting State = "待接"  // nobody has said it is his
	Working State = "在办"
	Asking  State = "待批"   // its owner asks for more time
	Called  State = "上呼"   // cannot be solved here: the street has the ball
	Fixed   State = "已改待验" // its owner says it is done
	Closed  State = "已销"
)

// Verb is something that happens to a case.
type Verb string

// The verbs.
const (
	Open    Verb = "开"
	Hide    Verb = "暗"
	Spot    Verb = "当场改" // found, and mended before the finder's eyes
	Release Verb = "放"
	Accept  Verb = "接"
	Note    Verb = "补"
	Join    Verb = "并"
	Advance Verb = "进" // an item of a list is so far
	Decide  Verb = "定"
	Extend  Verb = "延"
	Grant   Verb = "准"
	Deny    Verb = "不准"
	Call    Verb = "呼"
	Helped  Verb = "帮到" // the street has done its part
	Fix     Verb = "改"
	Done    Verb = "办结" // fixed, where nobody needs to look
	Pass    Verb = "过"
	Return  Verb = "退"
	Relapse Verb = "反弹"
	Drawn   Verb = "抽中" // for the look-back
	Warn    Verb = "到期" // a moment came and somebody was told
	Hand    Verb = "交"  // somebody took over the post of its owner or finder
)

// move is one row of the table: from which states a verb leads where; to "" = it stays.
type move struct {
	from []State
	to   State
}

var (
	live = []State{Waiting, Working, Asking, Called, Fixed}
	ours = []State{Waiting, Working, Asking, Called} // still to be done
)

// moves is the life of a case. Nothing happens to a case that is not in it.
var moves = map[Verb]move{
	Open:    {[]State{""}, Waiting},
	Hide:    {[]State{""}, Hidden},
	Spot:    {[]State{""}, Closed},
	Release: {[]State{Hidden}, Waiting},
	Accept:  {[]State{Waiting}, Working},
	Note:    {live, ""},
	Join:    {live, ""},
	Advance: {ours, ""},
	Decide:  {live, ""},
	Extend:  {[]State{Waiting, Working}, Asking},
	Grant:   {[]State{Asking}, Working},
	Deny:    {[]State{Asking}, Working},
	Call:    {[]State{Waiting, Working}, Called},
	Helped:  {ours, ""},
	Fix:     {ours, Fixed},
	Done:    {ours, Closed},
	Pass:    {[]State{Fixed, Closed}, Closed},
	Return:  {[]State{Fixed}, Working},
	Relapse: {[]State{Fixed, Closed}, Working},
	Drawn:   {[]State{Fixed, Closed}, ""},
	Warn:    {append([]State{Hidden}, live...), ""},
	Hand:    {append([]State{Hidden}, live...), ""},
}

// after is the state a verb leads to from a state; ok is false where the table has no such
// move.
func after(s State, v Verb) (State, bool) {
	m, known := moves[v]
	if !known || !slices.Contains(m.from, s) {
		return s, false
	}
	switch {
	case v == Helped && s == Called: // the ball goes back to the owner
		return Working, true
	case (v == Decide || v == Advance) && s == Waiting: // decided upon, or begun, is accepted
		return Working, true
	case m.to == "":
		return s, true
	}
	return m.to, true
}

// Side is who holds the ball.
type Side string

// The sides. A case of an office of the street is with the street from the start.
const (
	Owner  Side = "单位"
	Street Side = "街道"
	Nobody Side = "" // closed
)

// ball is who holds it in a state.
func ball(s State) Side {
	switch s {
	case Waiting, Working:
		return Owner
	case Closed:
		return Nobody
	}
	return Street
}

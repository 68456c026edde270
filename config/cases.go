package config

import (
	"slices"
	"time"
)

// Cases is what a pack says about matters that are followed to their end: the types of
// case and the check-lists whose failed items open one.
type Cases struct {
	Types []*CaseType
	Lists []*Checklist
}

// CaseKind is what sort of matter a case is; each kind has its command.
type CaseKind string

// The kinds of case, as written in case_types[].kind.
const (
	CaseProblem CaseKind = "问题" // found or asked
	CaseOrder   CaseKind = "交办" // a leader's demand
	CaseLack    CaseKind = "缺口" // supplies, hands
	CaseUrgent  CaseKind = "急"  // the three first times
	CaseLost    CaseKind = "失联" // a household nobody reaches
	CaseBurden  CaseKind = "减负" // the same asked twice
	CaseAnswer  CaseKind = "清单" // an item of a list that answers an inspection, 清单2.3
	CaseTask    CaseKind = "任务" // a part of a measure of the task book, 任务3.2
)

// CaseKinds returns all kinds of case.
func CaseKinds() []CaseKind {
	return []CaseKind{CaseProblem, CaseOrder, CaseLack, CaseUrgent, CaseLost, CaseBurden, CaseAnswer, CaseTask}
}

// Listed reports whether cases of the kind are items of a numbered list: their number has
// two parts, and the kind itself stands before it.
func (k CaseKind) Listed() bool { return k == CaseAnswer || k == CaseTask }

// How a case is verified: what CaseType.Verify holds.
const (
	VerifyNone   = "none"   // done when its owner says so
	VerifySecond = "second" // another person looks
)

// CaseType is one type of case.
type CaseType struct {
	Name     string // 未测温
	Kind     CaseKind
	Letter   string        // of its number: W of W25
	Words    []string      // what people write when they mean it; none = whatever fits no other type of its kind
	Ack      time.Duration // until somebody says it is his
	Due      time.Duration // until it is done
	Work     bool          // time counts in working hours only, those that are not quiet; false = day and night
	Verify   string        // VerifyNone or VerifySecond
	LookBack int           // per cent of those done that are looked at again, 0–100
	Owner    []Role        // whose it is: the first of these roles that the place's unit has, or the street
	Office   string        // which office is meant by RoleOffice in Owner: 管理办; "" = every office
	OfficeAt Place         // where it is written
	Help     string        // what the street does about it, where the finder says nothing
	HelpDue  time.Duration // until when
	Call     string        // CaseUrgent: the number to call first, where life is at risk
	Ask      string        // CaseUrgent: the one question that helps most
	Class    string        // C1 to C3, DOMAIN.md §4.3; from C2 on it is sealed
	Place    Place
}

// Checklist is a list an inspector goes through on the spot.
type Checklist struct {
	Name  string // 岗
	Title string // 5个有
	Word  string // a command of its own, /战时 for /检 战时; "" = none
	Roles []Role // who may go through it by that command; none = whoever may use /检
	Items []*ListItem
	Place Place
}

// ListItem is one thing that should be there.
type ListItem struct {
	Name    string
	Aliases []string
	Type    string // of the case opened where it is missing
	Place   Place
}

// Type returns the type of case with this name, or nil.
func (c Cases) Type(name string) *CaseType {
	for _, t := range c.Types {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// Has reports whether there is a type of one of the kinds.
func (c Cases) Has(kinds ...CaseKind) bool {
	return slices.ContainsFunc(c.Types, func(t *CaseType) bool { return slices.Contains(kinds, t.Kind) })
}

// List returns the check-list with this name, or nil.
func (c Cases) List(name string) *Checklist {
	for _, l := range c.Lists {
		if l.Name == name {
			return l
		}
	}
	return nil
}

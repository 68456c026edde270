package config

import (
	"slices"
	"strings"
	"time"
)

// Street is streets/*.yaml: one street's units, people and chats, and which packs run.
type Street struct {
	Code       string // short, in ASCII: the hash tag of all its keys
	Name       string
	Location   *time.Location
	Runs       []Run
	Areas      []Area
	Committees []Committee
	People     []Person
	Chats      []Chat
	Drill      []string  // userids and names of chats that alone may be reached; empty = no drill
	Calendar   *Calendar // the workdays and holidays; the same for every street
	Place      Place
}

// Run is a pack switched on in a street for some days, both ends included.
type Run struct {
	Pack  *Pack
	From  Day
	To    Day // "" = no end; then each form of the pack has its own
	Place Place
}

// Area is a 片区: some committees, the leader who answers for them, their liaison.
type Area struct {
	Name            string
	Leader, Liaison string // userids
	Committees      []string
	Terms           []Term // who else holds a post of the area for some days; the last that holds counts
	Place           Place
}

// Term gives a post of an area to somebody for some days, both ends included: a substitute,
// or a successor from a day on.
type Term struct {
	Post AreaPost `json:"p"`
	Who  string   `json:"w"` // userid
	From Day      `json:"f"`
	To   Day      `json:"t,omitempty"` // "" = no end
}

// Holds reports whether the term covers a day.
func (t Term) Holds(d Day) bool { return t.From <= d && (t.To == "" || d <= t.To) }

// AreaPost is a post of an area.
type AreaPost string

// The posts, as written in areas[].terms[].post.
const (
	PostLeader  AreaPost = "领导"
	PostLiaison AreaPost = "联络员"
)

// Term is the term that holds of one of the area's posts on a day.
func (a Area) Term(post AreaPost, d Day) (Term, bool) {
	for i := len(a.Terms) - 1; i >= 0; i-- {
		if t := a.Terms[i]; t.Post == post && t.Holds(d) {
			return t, true
		}
	}
	return Term{}, false
}

// On is the area as it is on a day: its leader and its liaison are who holds the posts.
func (a Area) On(d Day) Area {
	if t, ok := a.Term(PostLeader, d); ok {
		a.Leader = t.Who
	}
	if t, ok := a.Term(PostLiaison, d); ok {
		a.Liaison = t.Who
	}
	return a
}

// On is the street as it is on a day; the street itself where no term holds.
func (s *Street) On(d Day) *Street {
	if !slices.ContainsFunc(s.Areas, func(a Area) bool {
		return slices.ContainsFunc(a.Terms, func(t Term) bool { return t.Holds(d) })
	}) {
		return s
	}
	out := *s
	out.Areas = nil
	for _, a := range s.Areas {
		out.Areas = append(out.Areas, a.On(d))
	}
	return &out
}

// Committee is a 居民区, the unit that reports.
type Committee struct {
	Name      string
	Aliases   []string
	Ordinal   int // from 1, fixed: the last part of a receipt's number R0213-07
	Compounds []Compound
	Blocks    []Site // the 块 it is divided into
	Sites     []Site // what else reports by itself
	Lanes     []Site // old lanes whose gates are closed or guarded: 42弄
	Place     Place
}

// Compound is a 小区 with its gates.
type Compound struct {
	Name   string
	Gates  []string
	Houses []Houses // its households; none = nobody has counted them
}

// Person is someone the bot knows.
type Person struct {
	UserID string // the plain userid
	Title  string // the post, never a person's name: 梅园书记
	Roles  []Role
	Unit   string // a committee's name; "" = works for the whole street
	Place  Place
}

// Has reports whether the person has one of the roles.
func (p Person) Has(roles ...Role) bool {
	return slices.ContainsFunc(roles, func(r Role) bool { return slices.Contains(p.Roles, r) })
}

// Of reports whether the person belongs to an office of the street, by the name that forms,
// registers and case types call it: 管理办 is whoever of the offices has it in the title.
func (p Person) Of(office string) bool {
	return office != "" && p.Has(RoleOffice) && strings.Contains(p.Title, office)
}

// Role is what a person may do and may hear.
type Role string

// The roles, as written in people[].roles.
const (
	RoleSecretary  Role = "书记"    // of a committee
	RoleWorker     Role = "社工"    // of a committee, delegated by its secretary
	RoleLiaison    Role = "联络员"   // between an area's committees and the street
	RoleAreaLeader Role = "片区领导"  // answers for an area
	RoleOffice     Role = "科室"    // an office of the street, owner of a form
	RoleParty      Role = "党政办"   // answers for what the street asks of its committees
	RoleDutyDesk   Role = "值班室"   //
	RoleInspector  Role = "督查组"   //
	RoleDiscipline Role = "纪工委"   //
	RoleLeader     Role = "领导"    // reads the digest
	RoleProperty   Role = "物业"    // external, own site only
	RoleBuilding   Role = "楼宇联系人" // external, own site only
	RoleVolunteer  Role = "志愿者"   // a nickname or a number for a title, never a name
	RoleAdmin      Role = "管理员"   //
)

// Roles returns all roles, in the order in which they are explained to people.
func Roles() []Role {
	return []Role{RoleSecretary, RoleWorker, RoleLiaison, RoleAreaLeader, RoleOffice, RoleParty, RoleDutyDesk,
		RoleInspector, RoleDiscipline, RoleLeader, RoleProperty, RoleBuilding, RoleVolunteer, RoleAdmin}
}

// Chat is a group the bot speaks in.
type Chat struct {
	Name       string
	Kind       ChatKind
	ChatID     string // "" until bound in the chat with /绑定
	Webhook    Secret // the key of the group's webhook robot; "" = the bot can only answer there
	WebhookEnv string // the environment variable that holds it
	Place      Place
}

// ChatKind is what a group is for; it decides what may be said in it.
type ChatKind string

// The kinds of chat, as written in chats[].kind.
const (
	ChatSecretaries ChatKind = "书记"  // all secretaries and the duty desk
	ChatCommittee   ChatKind = "居民区" // one committee's own group
	ChatLeaders     ChatKind = "领导"  //
	ChatDiscipline  ChatKind = "纪工委" //
	ChatDutyDesk    ChatKind = "值班"  //
	ChatInspection  ChatKind = "督查"  //
	ChatVolunteers  ChatKind = "志愿者" // where open posts are announced
	ChatTask        ChatKind = "工作组" // of a task group, for as long as it has a task
)

// ChatKinds returns all kinds of chat.
func ChatKinds() []ChatKind {
	return []ChatKind{ChatSecretaries, ChatCommittee, ChatLeaders, ChatDiscipline, ChatDutyDesk, ChatInspection, ChatVolunteers, ChatTask}
}

// Day returns the street's calendar day at a moment.
func (s *Street) Day(at time.Time) Day { return Day(at.In(s.Location).Format(dayLayout)) }

// At returns the moment of a clock time on a day of the street.
func (s *Street) At(d Day, c Clock) time.Time {
	t := d.Time(s.Location)
	return time.Date(t.Year(), t.Month(), t.Day(), int(c)/60, int(c)%60, 0, 0, s.Location)
}

// Active returns the packs that run on a day, in the order of the file.
func (s *Street) Active(d Day) []*Pack {
	var packs []*Pack
	for _, r := range s.Runs {
		if r.From <= d && (r.To == "" || d <= r.To) && !slices.Contains(packs, r.Pack) {
			packs = append(packs, r.Pack)
		}
	}
	return packs
}

// Committee returns the committee with this name or alias.
func (s *Street) Committee(name string) (Committee, bool) {
	for _, c := range s.Committees {
		if c.Name == name || slices.Contains(c.Aliases, name) {
			return c, true
		}
	}
	return Committee{}, false
}

// AreaOf returns the area a committee lies in; the committee by its name.
func (s *Street) AreaOf(committee string) (Area, bool) {
	for _, a := range s.Areas {
		if slices.Contains(a.Committees, committee) {
			return a, true
		}
	}
	return Area{}, false
}

// Person returns the person with this userid, written exactly so.
func (s *Street) Person(userID string) (Person, bool) {
	for _, p := range s.People {
		if p.UserID == userID {
			return p, true
		}
	}
	return Person{}, false
}

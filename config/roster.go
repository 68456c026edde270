package config

import (
	"slices"
	"time"
)

// Rosters is what a pack says about people on their posts: which posts there are, how long
// nobody may be kept from resting, and who cares for those who serve (cards S02, S26, S44).
type Rosters struct {
	Posts  []*Post
	Rest   time.Duration // between two shifts of one person at least, default 11h
	Row    int           // days in a row without a signature at most, default 7
	Alarm  int           // days in a row after which the care office and the area hear of it, default 10
	Office string        // the office that cares, and alone hears who is tired: 党建办
	Centre string        // who is told first of a post nobody has taken: 志愿服务中心
	Remind time.Duration // before one's own shift, default 2h
	Early  time.Duration // before a shift nobody has taken, Centre is told; default 3h
	Late   time.Duration // before it, the duty desk is told; default 1h
	Asked  time.Duration // after a request nobody has met, the area's leader is told; default 12h
	Hours  *HoursTable   // the layout in which volunteers' hours are handed over; nil = the built-in one
	Place  Place
}

// PostKind is what sort of post it is.
type PostKind string

// The kinds of post, as written in rosters.posts[].kind.
const (
	PostVolunteer  PostKind = "志愿" // the eight kinds of volunteers' work; hours are claimed
	PostGate       PostKind = "门岗" //
	PostDuty       PostKind = "值班" // the duty desk: who is called, and who is called after him
	PostLead       PostKind = "带班" // the leader on duty, called last
	PostInspection PostKind = "督查" //
	PostAid        PostKind = "支援" // hands from other bodies
	PostFlood      PostKind = "抢险" // flood crews
)

// PostKinds returns all kinds of post.
func PostKinds() []PostKind {
	return []PostKind{PostVolunteer, PostGate, PostDuty, PostLead, PostInspection, PostAid, PostFlood}
}

// Central reports whether posts of the kind belong to the street as a whole, not to a
// committee.
func (k PostKind) Central() bool { return k == PostDuty || k == PostLead || k == PostInspection }

// Post is one kind of work people take turns at.
type Post struct {
	Name   string // 测温
	Kind   PostKind
	Words  []string // what people write when they mean it
	Slots  []Slot   // its usual shifts; the first is meant where nothing is said
	Need   int      // how many people a shift needs, where nothing is said
	Most   int      // how many may be asked for at all, default 30
	Warn   int      // above it the bot asks once, default 10
	Length time.Duration
	Who    []Role // who may take it; none = whoever the street knows
	Nights int    // nights in a row at most; 0 = no limit of its own
	Place  Place
}

// Slot is the hours of a shift; To is not after From where it ends on the next day.
type Slot struct{ From, To Clock }

// Night reports whether the slot lies mostly in the night.
func (s Slot) Night() bool { return s.From >= 18*60 || s.From < 5*60 }

// Minutes is the length of the slot.
func (s Slot) Minutes() int {
	n := int(s.To - s.From)
	if n <= 0 {
		n += 24 * 60
	}
	return n
}

// HoursTable is the layout of a table of hours.
type HoursTable struct {
	Name    string
	Columns []HoursColumn
}

// HoursColumn is one column of it.
type HoursColumn struct{ Header, Value string }

// What a column of hours may hold, as written in rosters.hours.columns[].value.
var hoursValues = []string{"岗位", "类别", "地点", "居民区", "日期", "开始", "结束", "代号", "时长", "编号", "说明"}

// Post returns the post with this name, or nil.
func (r Rosters) Post(name string) *Post {
	for _, p := range r.Posts {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// Of returns the first post of a kind, or nil.
func (r Rosters) Of(kind PostKind) *Post {
	i := slices.IndexFunc(r.Posts, func(p *Post) bool { return p.Kind == kind })
	if i < 0 {
		return nil
	}
	return r.Posts[i]
}

package register

import (
	"slices"
	"sync"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// book is a register of a running pack, made ready to read lines.
type book struct {
	*config.Register
	pack *config.Pack
	acts map[string]*actReader
}

// actReader reads the lines of one act.
type actReader struct {
	act   *config.Act
	slots []*config.Field // by index of the reader's slots
	marks []mark          // by index of its marks
	read  *syntax.SlotReader
}

// mark is a word with a meaning of its own in a line.
type mark struct {
	kind markKind
	name string // the state, the turn's or alarm's word
	n    int    // the follow-up's slot, the turn, the alarm
}

type markKind uint8

const (
	markState markKind = iota
	markSlot           // 早
	markFine           // 正常
	markTurn
	markAlarm
)

// shelf keeps the books of the packs, made once each.
type shelf struct {
	mu    sync.Mutex
	books map[*config.Register]*book
}

func (s *shelf) of(p *config.Pack, r *config.Register) *book {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.books == nil {
		s.books = map[*config.Register]*book{}
	}
	if s.books[r] == nil {
		s.books[r] = newBook(p, r)
	}
	return s.books[r]
}

// all are the books of the packs that run on the desk's day.
func (s *shelf) all(d *handlers.Desk) []*book {
	var out []*book
	for _, p := range d.Packs() {
		for _, r := range p.Registers {
			out = append(out, s.of(p, r))
		}
	}
	return out
}

// named is a running book by its name, nil if there is none.
func (s *shelf) named(d *handlers.Desk, pack, register string) *book {
	for _, b := range s.all(d) {
		if b.Name == register && (pack == "" || b.pack.Name == pack) {
			return b
		}
	}
	return nil
}

func newBook(p *config.Pack, r *config.Register) *book {
	b := &book{Register: r, pack: p, acts: map[string]*actReader{}}
	for _, a := range r.Acts {
		b.acts[a.Name] = b.reader(a)
	}
	return b
}

// reader compiles what an act reads.
func (b *book) reader(a *config.Act) *actReader {
	out := &actReader{act: a}
	var marks []syntax.Word
	add := func(m mark, name string, aliases ...string) {
		marks = append(marks, syntax.Word{Name: name, Aliases: aliases})
		out.marks = append(out.marks, m)
	}
	if a.Picks {
		for _, s := range b.States {
			add(mark{markState, s.Name, 0}, s.Name, s.Aliases...)
		}
	}
	if f := b.Follow(a.Follow); f != nil {
		for i, s := range f.Slots {
			add(mark{markSlot, s.Name, i}, s.Name, s.Aliases...)
		}
		for _, w := range f.Fine {
			add(mark{markFine, w, 0}, w)
		}
	}
	for i, t := range a.Turns {
		for _, w := range t.Words {
			add(mark{markTurn, w, i}, w)
		}
	}
	for i, x := range a.Alarms {
		for _, w := range x.Words {
			add(mark{markAlarm, w, i}, w)
		}
	}
	var slots []syntax.Slot
	for _, name := range b.reads(a) {
		if x := b.Field(name); x != nil && x.Asked() {
			out.slots = append(out.slots, x)
			s := slot(x)
			s.Opens = name == a.Each
			slots = append(slots, s)
		}
	}
	out.read = syntax.NewSlotReader(slots, marks)
	return out
}

// reads are the fields an act reads: what it takes, what it asks, and what its key needs.
func (b *book) reads(a *config.Act) []string {
	out := slices.Clone(a.Takes)
	add := func(name string) {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	for _, n := range slices.Concat(b.Key.With, a.Need) {
		add(n)
	}
	for _, q := range a.Ask {
		add(q.Field)
	}
	return out
}

// shortText is how long a text may be that ends at a blank; a longer one is a sentence, and
// the rest of the line.
const shortText = 20

// slot is a field as a line's reader knows it.
func slot(x *config.Field) syntax.Slot {
	s := syntax.Slot{Name: x.Name, Aliases: x.Aliases, Units: x.Words, Places: x.Places, Ahead: x.Ahead, Many: x.Many}
	switch x.Kind {
	case config.KindDecimal, config.KindPercent:
		s.As = syntax.AsPoint
	case config.KindEnum:
		s.As = syntax.AsChoice
		for _, o := range x.Options {
			s.Options = append(s.Options, syntax.Word{Name: o.Name, Aliases: o.Aliases})
		}
	case config.KindBool:
		s.As = syntax.AsYesNo
	case config.KindDate:
		s.As = syntax.AsDay
	case config.KindRange:
		s.As = syntax.AsRange
	case config.KindTemperature:
		s.As = syntax.AsDegrees
	case config.KindText, config.KindHouse:
		s.As, s.Whole = syntax.AsWords, x.Chars > shortText
	default:
		s.As = syntax.AsCount
	}
	return s
}

// entries is the table of a book's current entries, past that of their older versions as
// "<field>#<revision>".
func (b *book) entries() store.Table { return Entries(b.pack.Name, b.Name) }
func (b *book) past() store.Table    { return Past(b.pack.Name, b.Name) }

// Entries is the table in which the entries of a pack's register lie: of class C2 and above
// sealed with the pack's key, field = keyed hash of the entry's key; else field = the key.
func Entries(pack, register string) store.Table {
	return store.Records("reg/" + pack + "/" + register)
}

// Past holds the older versions of Entries: field = "<field>#<revision>".
func Past(pack, register string) store.Table {
	return store.Records("reg-log/" + pack + "/" + register)
}

// path names a book in due items and drafts.
func (b *book) path() string { return b.pack.Name + "/" + b.Name }

package cases

import (
	"slices"
	"strings"
	"sync"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
)

// spot is a place people name: a gate, a compound, an office building, a committee.
type spot struct {
	Name, Unit string
	Gate       bool
}

// atlas are the places of one street, ready to be found in a line.
type atlas struct {
	street *config.Street // as it was when the atlas was made
	words  []syntax.Word
	spots  map[string]spot
}

// atlases keeps one atlas for each street.
type atlases struct {
	mu   sync.Mutex
	list map[string]*atlas
}

func (a *atlases) of(d *handlers.Desk) *atlas {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.list == nil {
		a.list = map[string]*atlas{}
	}
	if made := a.list[d.Street.Code]; made == nil || made.street != d.Street {
		a.list[d.Street.Code] = newAtlas(d.Dir.Units(d.Street))
		a.list[d.Street.Code].street = d.Street
	}
	return a.list[d.Street.Code]
}

func newAtlas(units []config.Committee) *atlas {
	a := &atlas{spots: map[string]spot{}}
	add := func(s spot, aliases ...string) {
		if _, taken := a.spots[s.Name]; !taken {
			a.spots[s.Name] = s
			a.words = append(a.words, syntax.Word{Name: s.Name, Aliases: aliases})
		}
	}
	for _, u := range units {
		gates := map[string]int{}
		for _, c := range u.Compounds {
			for _, g := range c.Gates {
				gates[g]++
			}
		}
		for _, c := range u.Compounds {
			for _, g := range c.Gates {
				var aliases []string
				if gates[g] == 1 && u.Name != c.Name { // 文苑东门 is 文苑小区东门 where there is no other
					aliases = append(aliases, u.Name+g)
				}
				add(spot{c.Name + g, u.Name, true}, aliases...)
			}
		}
	}
	for _, u := range units {
		for _, c := range u.Compounds {
			add(spot{c.Name, u.Name, false})
		}
		for _, x := range u.Sites {
			add(spot{x.Name, u.Name, false}, x.Aliases...)
		}
		add(spot{u.Name, u.Name, false}, u.Aliases...)
	}
	return a
}

// find is the first place a line names; rest is the line without it.
func (a *atlas) find(text string) (s spot, rest string, ok bool) {
	name, rest, ok := syntax.Unit(text, a.words)
	return a.spots[name], rest, ok
}

// gates lists the street's gates in the order of the files.
func gates(units []config.Committee) []spot {
	var out []spot
	for _, u := range units {
		for _, c := range u.Compounds {
			for _, g := range c.Gates {
				out = append(out, spot{c.Name + g, u.Name, true})
			}
		}
	}
	return out
}

// masked is a text with its household codes as they may stand in a group; found reports
// whether it had one.
func masked(text string) (out string, found bool) {
	var b strings.Builder
	for text != "" {
		i := strings.IndexAny(text, "0123456789")
		if i < 0 {
			break
		}
		b.WriteString(text[:i])
		text = text[i:]
		h, rest, ok := syntax.House(text)
		if ok && h.Room != "" {
			b.WriteString(h.Masked())
			found = true
			text = rest
			continue
		}
		n := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
		if n < 0 {
			n = len(text)
		}
		b.WriteString(text[:n])
		text = text[n:]
	}
	b.WriteString(text)
	return b.String(), found
}

// person finds somebody of the desk's street.
func person(d *handlers.Desk, userid string) (config.Person, bool) {
	p, s, ok := d.Dir.Person(userid)
	return p, ok && s.Code == d.Street.Code
}

// title is what a person is called, never a name.
func title(d *handlers.Desk, userid string) string {
	if p, ok := person(d, userid); ok {
		return p.Title
	}
	if t, ok := d.Dir.Former(userid); ok {
		return "前" + t
	}
	return "系统"
}

// titles names people by their posts, at most three.
func titles(d *handlers.Desk, ids []string) string {
	out := posts(d, ids)
	if len(out) > 3 {
		return strings.Join(out[:3], "、") + "等"
	}
	return strings.Join(out, "、")
}

// posts are people's posts, each once.
func posts(d *handlers.Desk, ids []string) []string {
	var out []string
	for _, id := range ids {
		if t := title(d, id); !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

package config

import (
	"regexp"
	"strconv"
	"strings"
)

// Houses are households of one building of the base: the rooms First to Last of each of
// the floors Low to High. Written as 6号: 101-1805, floors 1 to 18 with rooms 01 to 05.
type Houses struct {
	Building    string // 6
	Low, High   int
	First, Last int
}

// Count is how many households they are.
func (h Houses) Count() int { return (h.High - h.Low + 1) * (h.Last - h.First + 1) }

// Has reports whether a room is one of them.
func (h Houses) Has(building, room string) bool {
	n, err := strconv.Atoi(room)
	return building == h.Building && err == nil && n/100 >= h.Low && n/100 <= h.High && n%100 >= h.First && n%100 <= h.Last
}

// Based reports whether the base says which households the compound has.
func (c Compound) Based() bool { return len(c.Houses) > 0 }

// Households is how many households the base knows in the compound.
func (c Compound) Households() int {
	n := 0
	for _, h := range c.Houses {
		n += h.Count()
	}
	return n
}

// Has reports whether the compound has a household, as far as anybody knows: a compound
// that is not in the base may have any.
func (c Compound) Has(lane, building, room string) bool {
	if lane != "" && lane != c.Lane() {
		return false
	}
	if !c.Based() {
		return true
	}
	for _, h := range c.Houses {
		if h.Has(building, room) {
			return true
		}
	}
	return false
}

// Lane is the number of the lane that the compound is, 188 of 188弄; "" if it is none.
func (c Compound) Lane() string {
	if m := laneForm.FindStringSubmatch(c.Name); m != nil {
		return m[1]
	}
	return ""
}

// Homes returns the compounds of a committee in which there is such a household. Those of
// the base go before those that nobody has counted.
func (c Committee) Homes(lane, building, room string) []Compound {
	var known, open []Compound
	for _, x := range c.Compounds {
		switch {
		case !x.Has(lane, building, room):
		case x.Based():
			known = append(known, x)
		default:
			open = append(open, x)
		}
	}
	if len(known) > 0 {
		return known
	}
	return open
}

var (
	laneForm  = regexp.MustCompile(`^(\d+)弄`)
	roomForm  = regexp.MustCompile(`^(\d{3,4})-(\d{3,4})$`)
	blockForm = regexp.MustCompile(`^(\d{1,3})(?:-(\d{1,3}))?(?:号|号楼|幢|栋|座)?$`)
)

// readHouses reads houses: {6号: 101-1805, 7-9号: [101-602, 801-1002]}.
func readHouses(v value) []Houses {
	if v.missing {
		return nil
	}
	o := v.object()
	defer o.close()
	var out []Houses
	for i := 0; o.node != nil && !o.missing && i+1 < len(o.node.Content); i += 2 {
		name := o.node.Content[i].Value
		x := o.get(name).need()
		m := blockForm.FindStringSubmatch(name)
		if m == nil {
			o.problem(o.place(o.node.Content[i]), "楼号“"+name+"”看不懂", "写成 6号 或 7-9号")
			continue
		}
		from, _ := strconv.Atoi(m[1])
		to := from
		if m[2] != "" {
			to, _ = strconv.Atoi(m[2])
		}
		if to < from || to-from > 200 {
			o.problem(o.place(o.node.Content[i]), "楼号“"+name+"”反了，或太多", "小的写在前面")
			continue
		}
		var ranges []string
		if x.node != nil && len(x.node.Content) == 0 {
			ranges = []string{x.text()}
		} else {
			ranges = x.texts()
		}
		for _, text := range ranges {
			h, ok := rooms(text)
			if !ok {
				x.problem(x.at, "室号“"+text+"”看不懂", "写成 101-1805：1楼到18楼，每层01到05室")
				continue
			}
			for n := from; n <= to; n++ {
				h.Building = strconv.Itoa(n)
				out = append(out, h)
			}
		}
	}
	return out
}

func rooms(text string) (h Houses, ok bool) {
	m := roomForm.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return h, false
	}
	a, _ := strconv.Atoi(m[1])
	b, _ := strconv.Atoi(m[2])
	h = Houses{Low: a / 100, High: b / 100, First: a % 100, Last: b % 100}
	return h, h.Low >= 1 && h.Low <= h.High && h.First >= 1 && h.First <= h.Last
}

package register

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
)

// target is what a line is about.
type target struct {
	Unit   string `json:"u"`
	Key    string `json:"k"`           // without the fields that belong to the key
	Name   string `json:"n"`           // as people say it: 6号1203, 彩虹花苑南门
	Masked string `json:"m"`           // as it may stand in a group: 6号12**
	Line   string `json:"l"`           // as it is typed: 6-1203
	Houses int    `json:"h,omitempty"` // of a compound: its households in the base
}

// reach lists the committees whose entries a person may see and change in a book: their
// own, those they look after, or all for whoever works for the street as a whole.
func (b *book) reach(d *handlers.Desk, p config.Person) []config.Committee {
	if _, ok := d.Dir.Granted(p.UserID, d.At); ok {
		return d.Dir.Units(d.Street)
	}
	if p.Unit != "" {
		if u, ok := d.Dir.Unit(d.Street, p.Unit); ok {
			return []config.Committee{u}
		}
		return nil
	}
	whole := p.Has(config.RoleDutyDesk) || p.Has(config.RoleOffice) && (!b.Sealed() || p.Of(b.Owner))
	if !b.Sealed() {
		whole = whole || p.Has(config.RoleInspector, config.RoleDiscipline, config.RoleLeader, config.RoleParty)
	}
	if whole {
		return d.Dir.Units(d.Street)
	}
	var out []config.Committee
	under := d.Dir.UnitsUnder(d.Street, p)
	for _, u := range d.Dir.Units(d.Street) {
		if slices.Contains(under, u.Name) {
			out = append(out, u)
		}
	}
	return out
}

// sighted lists the committees whose entries a person may look at: of a sealed book those
// that her sight leads to.
func (b *book) sighted(ctx context.Context, c *handlers.Call) (units []config.Committee, purpose string, err error) {
	if !b.Sealed() {
		return b.reach(&c.Desk, c.Person), "", nil
	}
	r := c.Read()
	read := c.ReadSight(r, c.Person)
	if err := r.Run(ctx); err != nil {
		return nil, "", fmt.Errorf("read sight: %w", err)
	}
	sight, err := read()
	if err != nil {
		return nil, "", err
	}
	for _, u := range c.Dir.Units(c.Street) {
		if sight.Of(u.Name) {
			units = append(units, u)
		}
	}
	return units, sight.Purpose(), nil
}

// find finds what a line is about, and returns the rest of it. units are those it may be in.
func (b *book) find(c *handlers.Call, units []config.Committee, text string, example string) (target, string, error) {
	if len(units) == 0 {
		return target{}, "", handlers.Refusef("应急要看，请领导发：/应急查阅", "%s里的户不归您看，什么也没动。", b.Title)
	}
	text = strings.TrimLeft(syntax.Normalise(text), " ,，、。:：;；\n")
	if b.Key.Of == config.KeyHouse {
		return b.house(c, units, text, example)
	}
	text, named, err := b.unitOf(c, units, text, b.Key.Of == config.KeyUnit)
	if err != nil {
		return target{}, "", err
	}
	if named != "" {
		units = slices.DeleteFunc(slices.Clone(units), func(u config.Committee) bool { return u.Name != named })
	}
	switch b.Key.Of {
	case config.KeyStreet:
		return target{Unit: c.Street.Name, Key: "街道", Name: c.Street.Name, Masked: c.Street.Name}, text, nil
	case config.KeyUnit:
		if len(units) != 1 {
			return target{}, "", handlers.Refusef("例："+example, "是哪个居民区？请写上名字，什么也没记。")
		}
		return plain(units[0].Name, units[0].Name, units[0].Name), text, nil
	case config.KeySpot:
		return b.spot(c, units, text, example)
	}
	return b.listed(units, text, example)
}

func plain(unit, key, name string) target {
	return target{Unit: unit, Key: key, Name: name, Masked: name, Line: name}
}

// unitOf cuts a committee's name out of a line. Nobody names a committee that is not theirs.
func (b *book) unitOf(c *handlers.Call, units []config.Committee, text string, always bool) (rest, unit string, err error) {
	if c.Person.Unit != "" && !always {
		return text, "", nil // 文苑东门 is a gate, and 文苑 is where one is
	}
	var words []syntax.Word
	for _, u := range c.Dir.Units(c.Street) {
		words = append(words, syntax.Word{Name: u.Name, Aliases: u.Aliases})
	}
	name, rest, ok := syntax.Unit(text, words)
	if !ok || !strings.HasSuffix(text, rest) && !always { // a name in the middle belongs to something else
		return text, "", nil
	}
	if !slices.ContainsFunc(units, func(u config.Committee) bool { return u.Name == name }) {
		return "", "", b.foreign(c, name)
	}
	return rest, name, nil
}

func (b *book) foreign(c *handlers.Call, unit string) error {
	return handlers.Refusef("要找那边，请联系"+unit+"或值班室。", "%s不归您管，什么也没动。", unit)
}

// house finds the household a line names: 6-1203, 彩虹花苑6号1203, 梅园 6-1203. In the base it
// must stand, as far as the base goes.
func (b *book) house(c *handlers.Call, units []config.Committee, text, example string) (target, string, error) {
	h, head, rest, ok := household(text)
	if !ok {
		return target{}, "", handlers.Refusef("例："+example, "没看到户号，什么也没记。")
	}
	if h.Room == "" {
		return target{}, "", handlers.Refusef("例："+example, "%s只有楼号，还要室号，什么也没记。", h)
	}
	var words []syntax.Word
	for _, u := range c.Dir.Units(c.Street) {
		words = append(words, syntax.Word{Name: u.Name, Aliases: u.Aliases})
	}
	var compounds []syntax.Word
	for _, u := range units {
		for _, x := range u.Compounds {
			compounds = append(compounds, syntax.Word{Name: x.Name})
		}
	}
	compound, head, _ := syntax.Unit(head, compounds)
	if unit, without, ok := syntax.Unit(head, words); ok && compound == "" {
		head = without
		if !slices.ContainsFunc(units, func(u config.Committee) bool { return u.Name == unit }) {
			return target{}, "", b.foreign(c, unit)
		}
		units = slices.DeleteFunc(slices.Clone(units), func(u config.Committee) bool { return u.Name != unit })
	}
	found := homes(units, compound, h)
	if len(found) == 0 && h.Lane != "" && h.Entrance == "" { // 6-2-301 is 6号2单元301 where there is no such lane
		entered := syntax.Home{Building: h.Lane, Entrance: h.Building, Room: h.Room}
		found = homes(units, compound, entered)
	}
	rest = strings.TrimSpace(head + " " + rest)
	switch len(found) {
	case 1:
		return found[0], rest, nil
	case 0:
		return target{}, "", handlers.Refusef("核对一下楼号和室号；底册不对，请告诉"+b.Owner+"。", "房屋底册里没有%s，什么也没记。", h)
	}
	var names []string
	for _, t := range found {
		if name := strings.TrimSuffix(t.Key, "/"+h.Key()); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	more := ""
	if len(names) > 3 {
		names, more = names[:3], "等"
	}
	return target{}, "", handlers.Refusef("例："+names[0]+h.Key(), "%s有好几处：%s。请连小区一起写，什么也没记。", h, strings.Join(names, "、")+more)
}

// homes are the households that a code can mean.
func homes(units []config.Committee, compound string, h syntax.Home) []target {
	var found, guessed []target // guessed: in compounds that nobody has counted
	for _, u := range units {
		for _, x := range u.Homes(h.Lane, h.Building, h.Room) {
			switch t := home(u, x, h, len(units) > 1); {
			case compound != "" && compound != x.Name:
			case x.Based():
				found = append(found, t)
			default:
				guessed = append(guessed, t)
			}
		}
	}
	if len(found) == 0 {
		return guessed
	}
	return found
}

// shown is the target of an entry that is there.
func (b *book) shown(e *Entry) target {
	key, _, _ := strings.Cut(e.Key, "|")
	t := plain(e.Unit, key, key)
	if b.Key.Of != config.KeyHouse {
		return t
	}
	_, code, _ := strings.Cut(key, "/")
	h := syntax.Home{}
	switch parts := strings.Split(code, "-"); len(parts) {
	case 2:
		h.Building, h.Room = parts[0], parts[1]
	case 3:
		h.Building, h.Entrance, h.Room = parts[0], parts[1], parts[2]
	default:
		return t
	}
	t.Name, t.Masked, t.Line = h.String(), h.Masked(), code
	return t
}

func home(u config.Committee, x config.Compound, h syntax.Home, many bool) target {
	h.Lane = ""
	t := target{Unit: u.Name, Key: x.Name + "/" + h.Key(), Name: h.String(), Masked: h.Masked(), Line: h.Key()}
	if many {
		t.Name, t.Masked, t.Line = u.Name+t.Name, u.Name+t.Masked, u.Name+" "+t.Line
	}
	return t
}

// household finds the first household's code in a line: what stands before it and behind.
func household(text string) (h syntax.Home, before, behind string, ok bool) {
	last := false // the character before belongs to a number
	for i, r := range text {
		number := r >= '0' && r <= '9' || strings.ContainsRune("一二三四五六七八九十百", r)
		if number && !last {
			if h, rest, ok := syntax.House(text[i:]); ok {
				return h, strings.Trim(text[:i], " ,，、。"), rest, true
			}
		}
		last = number || r == '.' || r == '/' && last
	}
	return syntax.Home{}, "", "", false
}

// listed finds a gate, a compound, a lane or a site by its name.
func (b *book) listed(units []config.Committee, text, example string) (target, string, error) {
	var words []syntax.Word
	by := map[string]target{}
	add := func(t target, aliases ...string) {
		if _, taken := by[t.Key]; !taken {
			by[t.Key] = t
			words = append(words, syntax.Word{Name: t.Key, Aliases: aliases})
		}
	}
	for _, u := range units {
		for _, t := range b.places(u) {
			aliases := t.aliases
			if len(units) > 1 { // a short name is nobody's among several committees
				aliases = nil
			}
			add(t.target, append(aliases, t.long...)...)
		}
	}
	name, rest, ok := syntax.Unit(text, words)
	if !ok {
		name, rest, ok = begun(text, words)
	}
	if !ok {
		return target{}, "", handlers.Refusef("例："+example, "没看出是哪一处，什么也没记。%s", b.choices(units))
	}
	return by[name], rest, nil
}

// begun finds the one place whose name begins with the line's first word: 文苑 is 文苑小区 where
// no other place there is called so.
func begun(text string, words []syntax.Word) (name, rest string, ok bool) {
	first, rest, _ := strings.Cut(text, " ")
	if utf8.RuneCountInString(first) < 2 {
		return "", text, false
	}
	for _, w := range words {
		if !strings.HasPrefix(w.Name, first) {
			continue
		}
		if ok {
			return "", text, false
		}
		name, ok = w.Name, true
	}
	return name, rest, ok
}

func (b *book) choices(units []config.Committee) string {
	var names []string
	for _, u := range units {
		for _, t := range b.places(u) {
			names = append(names, t.Name)
		}
	}
	if len(names) == 0 || len(names) > 6 {
		return ""
	}
	return "您这里有：" + strings.Join(names, "、") + "。"
}

// own is an act's line to copy with a place of the caller's: the pack's is somewhere else.
func (b *book) own(units []config.Committee, line string) string {
	words := strings.SplitN(line, " ", 3)
	var first *place
	for _, u := range units {
		for _, t := range b.places(u) {
			if first == nil {
				first = &t
			}
			if len(words) < 2 || t.Key == words[1] || slices.Contains(t.aliases, words[1]) || slices.Contains(t.long, words[1]) {
				return line
			}
		}
	}
	if first == nil {
		return line
	}
	words[1] = first.Line
	return strings.Join(words, " ")
}

// placed reports whether the book is about places that the street's file lists.
func (b *book) placed() bool {
	return slices.Contains([]config.KeyKind{config.KeyGate, config.KeyCompound, config.KeyLane, config.KeySite}, b.Key.Of)
}

// nowhere reports whether the one committee there is has no place that the book is about.
func (b *book) nowhere(units []config.Committee) bool {
	return len(units) == 1 && len(b.places(units[0])) == 0
}

// place is a target with its short names, good within its committee, and its long ones.
type place struct {
	target
	aliases, long []string
}

// places are all that the book can have entries about in a committee.
func (b *book) places(u config.Committee) []place {
	var out []place
	switch b.Key.Of {
	case config.KeyGate:
		for _, s := range u.AllSites() {
			if s.Kind == config.SiteGate {
				p := place{target: plain(u.Name, s.Name, s.Name), aliases: s.Aliases}
				for _, a := range s.Aliases {
					p.long = append(p.long, u.Name+a)
				}
				out = append(out, p)
			}
		}
	case config.KeyCompound:
		for _, x := range u.Compounds {
			p := place{target: plain(u.Name, x.Name, x.Name)}
			p.Houses = x.Households()
			if len(u.Compounds) == 1 {
				p.aliases = []string{u.Name}
			}
			out = append(out, p)
		}
	case config.KeyLane:
		for _, s := range u.Lanes {
			out = append(out, place{target: plain(u.Name, s.Name, s.Name), aliases: s.Aliases})
		}
	case config.KeySite:
		for _, s := range u.Sites {
			if s.Kind == b.Key.Site {
				out = append(out, place{target: plain(u.Name, s.Name, s.Name), long: s.Aliases})
			}
		}
	}
	return out
}

// spot takes the words up to the first thing said as the place's name.
func (b *book) spot(c *handlers.Call, units []config.Committee, text, example string) (target, string, error) {
	unit := ""
	if len(units) == 1 {
		unit = units[0].Name
	}
	lead := ""
	compound := func(word string) (of, name string) {
		for _, u := range units {
			for _, x := range u.Compounds {
				if strings.HasPrefix(word, x.Name) && len(x.Name) > len(name) {
					of, name = u.Name, x.Name
				}
			}
		}
		return of, name
	}
	words := strings.Fields(text)
	for i, w := range words { // wherever it stands in the line: 飞线 彩虹花苑12号楼北面
		of, name := compound(w)
		whole := numbered(strings.TrimPrefix(w, name))
		if of == "" && (!whole || unit == "") {
			continue
		}
		if of != "" {
			unit, lead = of, name
		}
		if whole {
			lead = w
		}
		text = strings.Join(append([]string{w}, slices.Delete(slices.Clone(words), i, i+1)...), " ")
		break
	}
	if unit == "" {
		return target{}, "", handlers.Refusef("例："+example, "没看出是哪一处，什么也没记。%s", "请写上小区。")
	}
	return plain(unit, lead, lead), strings.TrimPrefix(text, lead), nil
}

// numbered reports whether a place begins with the number of a building or a lane, so that
// its figures are no value of anything: 12号楼北面, 3号箱房. One with a household's number is none.
func numbered(place string) bool {
	rest := strings.TrimLeft(place, "0123456789")
	if rest == place || !strings.ContainsAny(string([]rune(rest + " ")[0]), "号弄幢栋楼") {
		return false
	}
	digits := 0
	for _, r := range rest {
		if digits++; r < '0' || r > '9' {
			digits = 0
		}
		if digits == 3 {
			return false
		}
	}
	return true
}

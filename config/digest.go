package config

import "slices"

// Section is one part of a pack's digest, in the order of the file.
type Section struct {
	Title  string
	Kind   string   // SectionItems, or a kind that one of the program's families offers: cases
	Of     string   // which of the kind, such as a register's name; "" = all of it
	Form   string   // SectionItems: the form the fields belong to
	Fields []string // SectionItems: names of fields
	Change bool     // also say the change since yesterday and since seven days ago
	ByUnit bool     // SectionItems: name the units with a value above 0: leaders' group only
	Urgent bool     // with a value above 0 it goes in front of everything that is not
	Trend  []string // SectionItems: those of its fields that /图 and the week's picture show
	Place  Place
}

// SectionItems is the kind of a section that says nothing else: figures of a form.
const SectionItems = "items"

// MostClass is the highest class (DOMAIN.md §4.3) of what a digest may say: it is kept, and
// heard in a group.
const MostClass = "C1"

// Ceiling reports whether something of a class may stand in a digest. What has no class
// that is known may not.
func Ceiling(class string) bool { return class == "C0" || class == MostClass }

func readSection(v value) Section {
	o := v.object()
	defer o.close()
	s := Section{Place: v.at}
	s.Title = o.get("title").need().text()
	if s.Kind = o.get("kind").text(); s.Kind == "" {
		s.Kind = SectionItems
	}
	s.Change = o.get("change").yes(false)
	s.Urgent = o.get("urgent").yes(false)
	if s.Kind != SectionItems {
		s.Of = o.get("of").text()
		return s
	}
	s.Form = o.get("form").text()
	s.Fields = o.get("fields").need().texts()
	s.ByUnit = o.get("by_unit").yes(false)
	s.Trend = o.get("trend").texts()
	return s
}

// checkSection resolves the form of a section and looks for its fields there. Of sections
// of other kinds the program itself knows more: see checkSections.
func checkSection(r *reader, p *Pack, i int) {
	s := &p.Digest[i]
	if slices.ContainsFunc(p.Digest[:i], func(o Section) bool { return o.Title == s.Title && s.Title != "" }) {
		r.problem(r.placeOf("digest.%d.title", i), "晨报里有两段叫“"+s.Title+"”", "换一个 title")
	}
	if s.Kind != SectionItems {
		return
	}
	if s.Form == "" && len(p.Forms) == 1 {
		s.Form = p.Forms[0].Name
	}
	form := p.Form(s.Form)
	if form == nil {
		if s.Form == "" {
			r.problem(s.Place, "晨报这一段没有写 form", meant("", formNames(p)))
		} else {
			r.problem(r.placeOf("digest.%d.form", i), "没有表单“"+s.Form+"”", meant(s.Form, formNames(p)))
		}
		return
	}
	s.Form = form.Name
	checkTrend(r, s, i)
	for j, name := range s.Fields {
		at := r.placeOf("digest.%d.fields.%d", i, j)
		k := slices.IndexFunc(form.Fields, func(x *Field) bool { return x.Name == name })
		switch {
		case name == "":
		case k < 0 && slices.Contains(fieldNames(form), ""): // it may be the one that didn't read
		case k < 0:
			r.problem(at, "表单“"+form.Name+"”没有字段“"+name+"”", meant(name, fieldNames(form)))
		case !Ceiling(form.Fields[k].Class):
			r.problem(at, "“"+name+"”是"+form.Fields[k].Class+"级的，晨报里不能说", "去掉它；晨报只到"+MostClass)
		case form.Fields[k].Health && s.ByUnit:
			r.problem(at, "“"+name+"”是健康数，群里不能点居民区的名", "去掉 by_unit，或另写一段")
		case form.Fields[k].Kind == KindText && (s.Change || s.ByUnit):
			r.problem(at, "“"+name+"”是文字，不能加总", "另写一段，不用 change 和 by_unit")
		case form.Fields[k].Kind == KindEnum && (s.Change || s.ByUnit):
			r.problem(at, "“"+name+"”只数各有几个，没有增减", "另写一段，不用 change 和 by_unit")
		case form.Fields[k].Kind == KindEnum:
		case form.Fields[k].Kind != KindText && !form.Fields[k].Sums() && form.Fields[k].Asked():
			r.problem(at, "“"+name+"”不是能加总的数", "晨报里只写 flow、stock 和 decimal")
		}
	}
}

// checkTrend finds fields to be drawn that the section does not say.
func checkTrend(r *reader, s *Section, i int) {
	for j, name := range s.Trend {
		if name != "" && !slices.Contains(s.Fields, name) {
			r.problem(r.placeOf("digest.%d.trend.%d", i, j), "“"+name+"”不在这一段的 fields 里，画不了", meant(name, s.Fields))
		}
	}
}

// checkSections finds sections of kinds that the program can't fill: the digest would leave
// them out every morning without a word.
func (l *loader) checkSections(p *pack) {
	if l.known.Sections == nil {
		return
	}
	kinds := []string{SectionItems}
	for kind := range l.known.Sections {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	for i, s := range p.Digest {
		names, ok := l.known.Sections[s.Kind]
		at := p.placeOf("digest.%d.kind", i)
		switch {
		case s.Kind == SectionItems:
		case !ok && slices.Contains(sectionKinds, s.Kind):
			p.warn(at, "晨报的“"+s.Title+"”这一段说不出来：这个程序还没有“"+s.Kind+"”", "换一个有的版本，或去掉这一段")
		case !ok:
			p.problem(at, "晨报没有“"+s.Kind+"”这种段", meant(s.Kind, kinds))
		case names == nil && s.Of != "":
			p.problem(p.placeOf("digest.%d.of", i), "“"+s.Kind+"”不用写 of", "去掉 of")
		case names == nil:
		default:
			if all := names(p.Pack); s.Of != "" && !slices.Contains(all, s.Of) {
				p.problem(p.placeOf("digest.%d.of", i), "没有“"+s.Of+"”", meant(s.Of, all))
			}
		}
	}
}

// sectionKinds are the kinds a pack may count on, whether or not this program has the
// family that offers them.
var sectionKinds = []string{"cases", "register", "roster", "praise", "forecast", "burden", "level", "chain"}

package digest

import (
	"cmp"
	"fmt"
	"strings"

	"juwei/config"
	"juwei/handlers"
)

// line is one section as it will be said.
type line struct {
	text   string
	urgent bool // goes in front
	quiet  bool // says nothing that a quiet day does not have
	lost   bool // could not be made: the line says that
}

// page is a digest of one scope being put together.
type page struct {
	scope  scope
	facts  *facts
	kind   kind
	forms  map[string]*counted
	heads  []string
	decide []string
	lines  []line
	tail   []string
	lost   []loss
	moved  moved
	filed  map[string]int
	totals map[string]map[string]int
	parts  map[string]map[string]int // figures of other families' sections by title
}

// moved gathers what the changes in the lines rest on.
type moved struct {
	said  bool // some line shows changes over units
	base  int  // units present on both days, of the last such form
	week  bool // some of them are against seven days before
	base7 int
}

// items is a section over a form's figures: 输入：新返86(+12) 重点4(平).
func (p *page) items(s config.Section) (line, bool) {
	c, ok := p.forms[s.Form]
	if !ok {
		return line{}, false
	}
	if c.err != nil {
		return p.unread(s)
	}
	if len(c.day) == 0 { // nobody filed: no figures, rather than zeros
		return line{}, false
	}
	out := line{quiet: c.still(p.scope)}
	var parts []string
	for _, name := range s.Fields {
		x := c.form.Field(name)
		if x == nil || !may(x) { // not asked any more, or not for this page
			continue
		}
		if x.Kind == config.KindEnum {
			if part := c.answers(x, p.scope.base); part != "" {
				parts = append(parts, part)
			}
			continue
		}
		n := c.sum[name]
		part := name + x.Format(n)
		if name == s.Title {
			part = x.Format(n)
		}
		if s.Change && (x.Sums() || !x.Asked()) {
			part += c.changed(x)
		}
		if s.ByUnit && len(p.scope.units) != 1 {
			part += c.where(name, p.scope.private)
		}
		out.urgent = out.urgent || s.Urgent && n > 0
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return line{}, false
	}
	if s.Change {
		p.moved.said, p.moved.base = true, len(c.both)
		if len(c.both7) > 0 {
			p.moved.week, p.moved.base7 = true, len(c.both7)
		}
	}
	out.text = s.Title + "：" + strings.Join(parts, " ")
	return out, true
}

// unread is the one line for all sections of a form that could not be read.
func (p *page) unread(s config.Section) (line, bool) {
	var titles []string
	for _, o := range p.facts.pack.Digest {
		if o.Form == s.Form && o.Kind == s.Kind {
			titles = append(titles, o.Title)
		}
	}
	return line{text: strings.Join(titles, "、") + "：没读出来，管理员已经知道", lost: true}, titles[0] == s.Title
}

// offered is a section of another family: 问题：新9(+2) 结12 逾期2；最久W25.
func (p *page) offered(s config.Section, f *Family, said part) (line, bool) {
	if said.err != nil {
		p.lost = append(p.lost, loss{s.Title, said.err})
		return line{text: s.Title + "：没做出来，管理员已经知道", lost: true}, true
	}
	clean, ok := f.pass(said.Part)
	if !ok {
		p.lost = append(p.lost, loss{s.Title, fmt.Errorf("class %q, or words that hold personal data: withheld", said.Class)})
		return line{text: s.Title + "：" + withheld, lost: true}, true
	}
	p.decide = append(p.decide, clean.Decide...)
	if len(clean.Figures) == 0 && clean.Text == "" {
		return line{}, false
	}
	var parts []string
	out := line{quiet: len(clean.Decide) == 0}
	for _, x := range clean.Figures {
		if p.parts[s.Title] == nil {
			p.parts[s.Title] = map[string]int{}
		}
		p.parts[s.Title][x.Label] = x.N
		part := fmt.Sprintf("%s%d", x.Label, x.N)
		if x.Of > 0 {
			part += fmt.Sprintf("/%d", x.Of)
		}
		then, known := p.figure(s.Title, x.Label, 1)
		if s.Change {
			part += p.figureChange(s.Title, x)
		}
		out.urgent = out.urgent || s.Urgent && x.N > 0
		out.quiet = out.quiet && known && then == x.N
		parts = append(parts, part)
	}
	text := strings.Join(parts, " ")
	if clean.Text != "" {
		words := strings.TrimPrefix(clean.Text, s.Title+"：")
		if text != "" {
			text += " "
		}
		text += words
		out.quiet = false
	}
	out.text = s.Title + "：" + text
	return out, true
}

// figure is what a section of another family said so many days ago. Only the street's are
// kept, so only the street's can be compared.
func (p *page) figure(title, label string, ago int) (int, bool) {
	if p.scope.units != nil {
		return 0, false
	}
	n, ok := p.facts.last[p.facts.day.Add(1-ago)].Figures[title][label]
	return n, ok
}

func (p *page) figureChange(title string, x handlers.Figure) string {
	ago := cmp.Or(p.kind.days, 1)
	one, ok := p.figure(title, x.Label, ago)
	seven, ok7 := p.figure(title, x.Label, 7)
	switch {
	case ok && ok7 && ago == 1:
		p.moved.week = true
		if x.N == one && x.N == seven {
			return "(" + level + ")"
		}
		return "(" + signed(nil, x.N-one) + "/" + signed(nil, x.N-seven) + ")"
	case ok:
		return "(" + signed(nil, x.N-one) + ")"
	}
	return ""
}

// note explains the brackets: against what, and over how many units where that is not all.
func (p *page) note() string {
	m, units := p.moved, p.scope.base
	switch {
	case !m.said && !m.week:
		return ""
	case m.said && m.base == 0 && !m.week:
		return "（前一天没有可比的数）"
	case m.week && m.said && (m.base < units || m.base7 < units):
		base := fmt.Sprintf("%d/%d", m.base, m.base7)
		if m.base == m.base7 {
			base = fmt.Sprint(m.base)
		}
		return "（括号里是比前一天/比7天前，只算两天都报的" + base + "个居民区）"
	case m.week:
		return "（括号里是比前一天/比7天前）"
	case m.base < units:
		return fmt.Sprintf("（增减只算两天都报的%d个居民区）", m.base)
	}
	return ""
}

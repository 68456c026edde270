package config

import (
	"fmt"
	"slices"
	"strings"
)

// Fragment writes people as they stand under people: in a street's file, one a line.
func (p Person) Fragment() string {
	line := "  - {userid: " + scalar(p.UserID) + ", title: " + scalar(p.Title) + ", roles: " + list(texts(p.Roles))
	if p.Unit != "" {
		line += ", unit: " + scalar(p.Unit)
	}
	return line + "}\n"
}

// YAML writes the street as a file of streets/: read again it is the same street. Remarks
// of the file it was read from are not in it.
func (s *Street) YAML() string {
	var b strings.Builder
	fmt.Fprintf(&b, "street: {code: %s, name: %s, timezone: %s}\n", scalar(s.Code), scalar(s.Name), scalar(s.Location.String()))
	b.WriteString("\npacks:\n")
	for _, r := range s.Runs {
		fmt.Fprintf(&b, "  - {name: %s, from: %s", scalar(r.Pack.Name), r.From)
		if r.To != "" {
			fmt.Fprintf(&b, ", to: %s", r.To)
		}
		b.WriteString("}\n")
	}
	if len(s.Areas) > 0 {
		b.WriteString("\nareas:\n")
	}
	for _, a := range s.Areas {
		fmt.Fprintf(&b, "  - {name: %s, leader: %s, liaison: %s, committees: %s", scalar(a.Name), scalar(a.Leader), scalar(a.Liaison), list(a.Committees))
		var terms []string
		for _, t := range a.Terms {
			term := fmt.Sprintf("{post: %s, who: %s, from: %s", t.Post, scalar(t.Who), t.From)
			if t.To != "" {
				term += ", to: " + string(t.To)
			}
			terms = append(terms, term+"}")
		}
		if len(terms) > 0 {
			b.WriteString(", terms: [" + strings.Join(terms, ", ") + "]")
		}
		b.WriteString("}\n")
	}
	b.WriteString("\ncommittees:\n")
	for _, c := range s.Committees {
		c.write(&b)
	}
	b.WriteString("\npeople:\n")
	for _, p := range s.People {
		b.WriteString(p.Fragment())
	}
	b.WriteString("\nchats:\n")
	for _, c := range s.Chats {
		fmt.Fprintf(&b, "  - {name: %s, kind: %s", scalar(c.Name), c.Kind)
		optional(&b, "chatid", c.ChatID)
		optional(&b, "webhook_env", c.WebhookEnv)
		b.WriteString("}\n")
	}
	if len(s.Drill) > 0 {
		fmt.Fprintf(&b, "\ndrill: %s\n", list(s.Drill))
	}
	return b.String()
}

func (c Committee) write(b *strings.Builder) {
	fmt.Fprintf(b, "  - name: %s\n    ordinal: %d\n", scalar(c.Name), c.Ordinal)
	if len(c.Aliases) > 0 {
		fmt.Fprintf(b, "    aliases: %s\n", list(c.Aliases))
	}
	if len(c.Compounds) > 0 {
		b.WriteString("    compounds:\n")
	}
	for _, x := range c.Compounds {
		fmt.Fprintf(b, "      - {name: %s", scalar(x.Name))
		if len(x.Gates) > 0 {
			fmt.Fprintf(b, ", gates: %s", list(x.Gates))
		}
		if x.Based() {
			fmt.Fprintf(b, ", houses: {%s}", houses(x.Houses))
		}
		b.WriteString("}\n")
	}
	var blocks, lanes []string
	for _, x := range c.Blocks {
		blocks = append(blocks, x.Name)
	}
	for _, x := range c.Lanes {
		lanes = append(lanes, x.Name)
	}
	if len(blocks) > 0 {
		fmt.Fprintf(b, "    blocks: %s\n", list(blocks))
	}
	if len(c.Sites) > 0 {
		b.WriteString("    sites:\n")
	}
	for _, x := range c.Sites {
		fmt.Fprintf(b, "      - {name: %s, kind: %s", scalar(x.Name), x.Kind)
		if len(x.Aliases) > 0 {
			fmt.Fprintf(b, ", aliases: %s", list(x.Aliases))
		}
		b.WriteString("}\n")
	}
	if len(lanes) > 0 {
		fmt.Fprintf(b, "    lanes: %s\n", list(lanes))
	}
}

// houses writes households: 6号: 101-1805, 7-9号: [101-602, 801-1002].
func houses(all []Houses) string {
	type building struct {
		name   string
		ranges []string
	}
	var list []building
	for _, h := range all {
		i := slices.IndexFunc(list, func(x building) bool { return x.name == h.Building })
		if i < 0 {
			i, list = len(list), append(list, building{name: h.Building})
		}
		list[i].ranges = append(list[i].ranges, fmt.Sprintf("%d%02d-%d%02d", h.Low, h.First, h.High, h.Last))
	}
	var parts []string
	for i := 0; i < len(list); {
		j := i + 1
		for j < len(list) && slices.Equal(list[j].ranges, list[i].ranges) && list[j].name == fmt.Sprint(number(list[i].name)+j-i) {
			j++
		}
		name, ranges := list[i].name+"号", list[i].ranges[0]
		if j > i+1 {
			name = list[i].name + "-" + list[j-1].name + "号"
		}
		if len(list[i].ranges) > 1 {
			ranges = "[" + strings.Join(list[i].ranges, ", ") + "]"
		}
		parts = append(parts, name+": "+ranges)
		i = j
	}
	return strings.Join(parts, ", ")
}

// number is a building's number; -1 if it is none.
func number(name string) int {
	n := -1
	if _, err := fmt.Sscan(name, &n); err != nil {
		return -1
	}
	return n
}

func optional(b *strings.Builder, key, value string) {
	if value != "" {
		fmt.Fprintf(b, ", %s: %s", key, scalar(value))
	}
}

// list is a YAML list on one line.
func list(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = scalar(w)
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// scalar is a text as YAML reads it back as a text: plain where nothing in it could mean
// anything else.
func scalar(s string) string {
	plain := s != ""
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0x4e00 && r <= 0x9fff
		plain = plain && (letter || i > 0 && (r >= '0' && r <= '9' || r == '-' || r == '_' || r == '/'))
	}
	if plain && !slices.Contains([]string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}, strings.ToLower(s)) {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ", "\t", " ").Replace(s) + `"`
}

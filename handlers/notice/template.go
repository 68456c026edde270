package notice

import (
	"cmp"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
)

// expand replaces the name of one of the packs' prepared notices by its text, with what
// stands behind the name filled in: 返沪排摸 截止=16日17:00 找谁=管理办.
func expand(c *handlers.Call, text string) (string, error) {
	first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	name, _, _ := strings.Cut(strings.TrimSpace(first), " ")
	for _, p := range c.Packs() {
		for _, t := range p.Notices {
			if name != t.Name {
				continue
			}
			given := strings.TrimPrefix(strings.TrimSpace(text), name)
			if strings.TrimSpace(given) != "" && len(t.Vars) == 0 {
				return text, nil // somebody's own notice under the same title
			}
			values := fill(given, t.Vars)
			for _, v := range t.Vars {
				if values[v.Name] == "" {
					return "", handlers.Refusef("照这样发："+t.Example(), "《%s》还要写上%s，没有记。", t.Name, lacking(t.Vars, values))
				}
			}
			body := t.Fill(values)
			if t.Class != config.NoticeKnow {
				body = string(t.Class) + "\n" + body
			}
			return strings.TrimPrefix(t.Name, word+"-") + "\n" + body, nil
		}
	}
	return text, nil
}

func lacking(vars []config.Var, values map[string]string) string {
	var out []string
	for _, v := range vars {
		if values[v.Name] == "" {
			out = append(out, v.Name)
		}
	}
	return strings.Join(out, "、")
}

// fill reads 截止=16日17:00 地点=小区门口, in any order: a value runs to the next name.
func fill(text string, vars []config.Var) map[string]string {
	type at struct {
		name       string
		start, end int // of the name and its sign
	}
	var found []at
	for _, v := range vars {
		for from := 0; ; {
			i := strings.Index(text[from:], v.Name)
			if i < 0 {
				break
			}
			i += from
			from = i + len(v.Name)
			rest := strings.TrimLeft(text[from:], " ")
			signs := strings.TrimLeft(rest, "=＝:：")
			if len(signs) < len(rest) {
				found = append(found, at{v.Name, i, len(text) - len(signs)})
				break
			}
		}
	}
	slices.SortFunc(found, func(a, b at) int { return cmp.Compare(a.start, b.start) })
	out := map[string]string{}
	for i, x := range found {
		end := len(text)
		if i+1 < len(found) {
			end = found[i+1].start
		}
		if x.end <= end {
			out[x.name] = strings.Trim(text[x.end:end], " \n，,；;")
		}
	}
	return out
}

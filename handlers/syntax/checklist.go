package syntax

import (
	"slices"
	"strings"
)

// Words that turn what follows them into what is missing, or into what is there.
var (
	missingWords = []string{"没有", "缺少", "除了", "除开", "没", "无", "缺", "少", "差", "×", "x", "✗", "❌"}
	presentWords = []string{"都有", "都好", "都在", "齐全", "有", "齐", "好", "√", "✓", "✅", "其他", "其它", "其余"}
	wholeWords   = []string{"全有", "都有", "全√", "全✓", "全齐", "齐全", "全部有", "都齐", "都好", "全好", "全部齐", "一样不缺", "不缺"}
)

// Checklist reads which of items are missing: 5, 五个都有, 全有 (nothing is), 缺出入证,
// 4有 没登记本, 5有缺2，登记本、测温, ×3,6 (by their place in the list, from 1), 除了台账其他都好.
// missing keeps the order of items. ok is false for what does not come out even: a count
// that differs from the items named, a lone 缺2 (how many, or which?), nothing understood.
func Checklist(s string, items []Word) (missing []string, ok bool) {
	t := newTable(len(items))
	for id, w := range items {
		for _, n := range append([]string{w.Name}, w.Aliases...) {
			t.add(n, id)
		}
	}
	c := checks{f: fold(Normalise(s)), items: t.sorted(), n: len(items), gone: make([]bool, len(items))}
	c.read()
	if !c.even() {
		return nil, false
	}
	for id, w := range items {
		if c.gone[id] {
			missing = append(missing, w.Name)
		}
	}
	return missing, true
}

// checks is a checklist on its way.
type checks struct {
	f       string
	items   *table
	n       int
	gone    []bool
	lacking bool  // what comes next is missing
	whole   bool  // everything is there, said outright
	there   int   // how many are there, -1: not said
	count   []int // numbers said to be missing: how many, or which
	odd     bool
}

func (c *checks) read() {
	c.there = -1
	for i := 0; i < len(c.f); {
		e, item := c.items.match(c.f, i)
		n, end, v := numberAt(c.f, i)
		r, w := runeAt(c.f, i)
		whole, miss, have := after(c.f, i, wholeWords...), after(c.f, i, missingWords...), after(c.f, i, presentWords...)
		switch {
		case item:
			if c.lacking {
				c.gone[e.id] = true
			}
			i += len(e.text)
		case v == good:
			end = after(c.f, end, "个", "项", "样")
			if c.lacking {
				c.count = append(c.count, n)
			} else if c.there < 0 {
				c.there = n
			} else {
				c.odd = true
			}
			i = end
		case v == badNumber:
			c.odd = true
			i = max(end, i+w)
		case whole > i:
			c.whole, c.lacking, i = true, false, whole
		case miss > i:
			c.lacking, i = true, miss
		case have > i:
			c.lacking, i = false, have
		case isHan(r) && !strings.ContainsRune("个的了和及都还是只第号", r):
			if c.lacking {
				c.odd = true // something is missing that is no item
			}
			i += w
		default:
			i += w
		}
	}
}

// even reports whether all that was said fits together; it settles which items numbers mean.
func (c *checks) even() bool {
	named := 0
	for _, g := range c.gone {
		if g {
			named++
		}
	}
	switch {
	case c.odd:
		return false
	case named > 0 && len(c.count) > 0:
		if len(c.count) != 1 || c.count[0] != named {
			return false
		}
	case len(c.count) > 0: // ×3,6
		slices.Sort(c.count)
		if len(c.count) == 1 && !strings.ContainsAny(c.f, "×x✗❌第") || c.count[0] < 1 || c.count[len(c.count)-1] > c.n {
			return false
		}
		for _, k := range c.count {
			c.gone[k-1] = true
		}
		named = len(slices.Compact(c.count))
	}
	switch {
	case c.there > c.n:
		return false
	case named == 0:
		return c.whole || c.there == c.n
	case c.there >= 0 && c.there != c.n:
		return c.there == c.n-named
	}
	return true
}

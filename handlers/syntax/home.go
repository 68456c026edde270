package syntax

import (
	"strconv"
	"strings"
)

// Home is the code of a household: digits as people write them, no name.
type Home struct {
	Lane     string // 188 of 188弄; "" if not stated
	Building string // 6
	Entrance string // 2 of 2单元; "" if not stated
	Room     string // 1203, 12A; "" if the code ends at the building
}

// House reads a household's code at the start of s (card G14): 6-1203, 6号1203, 六号1203,
// 6号楼1203室, 6幢2单元301, 188弄6号1203, 188-6-1203, 42弄6号. rest is the normalised text behind it
// without leading marks. Without a lane a room is needed, and behind a dash the room has
// three digits or more: 6-12 may be a date.
func House(s string) (h Home, rest string, ok bool) {
	s = Normalise(s)
	f := fold(s)
	n, end := homeNumber(f, 0)
	if n == "" {
		return Home{}, s, false
	}
	if e := after(f, end, "弄", "巷"); e > end {
		h.Lane = n
		if n, end = homeNumber(f, e); n == "" {
			return Home{}, s, false
		}
	} else if m, e := dashed(f, end); m != "" {
		if room, _ := dashed(f, e); room != "" { // 188-6-1203
			h.Lane, n, end = n, m, e
		}
	}
	h.Building = n
	sep := end
	end = after(f, end, "号楼", "号", "栋", "幢", "座", "楼")
	if e := after(f, end, "门"); e > end && end > sep {
		end = e
	}
	if u, e := homeNumber(f, end); u != "" && end > sep {
		if e2 := after(f, e, "单元", "门"); e2 > e {
			h.Entrance, end = u, e2
		}
	}
	room, e := homeNumber(f, end)
	byDash := false
	if room == "" {
		room, e = dashed(f, end)
		byDash = end == sep
	} else if end == sep {
		return Home{}, s, false // two numbers with nothing between cannot be
	}
	digits := len(strings.TrimRight(room, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
	switch {
	case len(room) <= 5 && (digits >= 3 || digits == 2 && !byDash && after(f, e, "室") > e):
		h.Room = room
		end = after(f, e, "室", "房")
	case h.Lane == "" || end == sep:
		return Home{}, s, false
	}
	if r, _ := runeAt(f, end); end < len(f) && (isDigit(f[end]) || r == '-' || h.Room != "" && strings.ContainsRune("月日点时%人户个", r)) {
		return Home{}, s, false
	}
	return h, trimMarks(s[end:]), true
}

// homeNumber reads digits, with one letter behind a room (12A), or Chinese numerals.
func homeNumber(f string, i int) (string, int) {
	end := i
	for end < len(f) && isDigit(f[end]) {
		end++
	}
	if end > i {
		if end+1 <= len(f) && end-i >= 2 && end < len(f) && isLatin(rune(f[end])) && (end+1 == len(f) || !isLatin(rune(f[end+1]))) {
			return strings.ToUpper(f[i : end+1]), end + 1
		}
		return f[i:end], end
	}
	n, e, v := numberAt(f, i)
	if v != good || n == 0 {
		return "", i
	}
	return strconv.Itoa(n), e
}

// dashed is homeNumber behind a dash.
func dashed(f string, i int) (string, int) {
	r, w := runeAt(f, i)
	if r != '-' && r != '−' && r != '—' && r != '–' {
		return "", i
	}
	return homeNumber(f, i+w)
}

// after is the end of the first of words that stands at byte i of f, or i.
func after(f string, i int, words ...string) int {
	for _, w := range words {
		if strings.HasPrefix(f[i:], w) {
			return i + len(w)
		}
	}
	return i
}

// String is the code as people say it: 188弄6号1203.
func (h Home) String() string { return h.head() + h.Room }

// Masked is the code as it may stand in a group: 6号12**, of a short room 6号**.
func (h Home) Masked() string {
	if len(h.Room) <= 2 {
		return h.head() + strings.Repeat("*", len(h.Room))
	}
	return h.head() + h.Room[:len(h.Room)-2] + "**"
}

// Key is the code as a register's key: 6-1203, 188-6-1203, 188-6-2-301.
func (h Home) Key() string {
	var parts []string
	for _, p := range []string{h.Lane, h.Building, h.Entrance, h.Room} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, "-")
}

func (h Home) head() string {
	s := h.Building + "号"
	if h.Lane != "" {
		s = h.Lane + "弄" + s
	}
	if h.Entrance != "" {
		s += h.Entrance + "单元"
	}
	return s
}

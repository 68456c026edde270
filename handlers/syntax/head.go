package syntax

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Vocabulary is what the reader may recognise at the head of a message.
type Vocabulary struct {
	BotNames []string // display names; may contain spaces
	Commands []Word
}

// Head is a message split into its command and the rest.
type Head struct {
	Mentioned bool     // a bot name stood behind an @ somewhere
	Slash     bool     // typed with a slash: / ／ 、 \ ＼ ÷ or spoken 斜杠, 斜杆, 斜线
	Command   string   // canonical name, "" if none was recognised
	Word      string   // the word as typed, when Slash and no command was recognised
	Near      []string // at most three commands like Word, the likeliest first
	Rest      string   // normalised text behind the command, without leading marks; may have several lines
	Line      string   // the whole of it, the command's word included; "" where no command was recognised
}

// Splitter is a Vocabulary made ready for use; it is safe for concurrent use.
type Splitter struct {
	bots     []string // folded, longest first
	commands *table
	names    []string // canonical, by id
	opens    []bool   // Word.Opens, by id
	leads    []bool   // Word.Leads, by id
	entries  []entry  // in the order of the vocabulary, for suggestions
}

// NewSplitter compiles v. When two commands share a name or alias, the first keeps it.
func NewSplitter(v Vocabulary) *Splitter {
	s := &Splitter{commands: newTable(len(v.Commands))}
	for _, b := range v.BotNames {
		if b = fold(Normalise(strings.TrimPrefix(b, "@"))); b != "" {
			s.bots = append(s.bots, b)
		}
	}
	slices.SortStableFunc(s.bots, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for id, c := range v.Commands {
		s.names, s.opens, s.leads = append(s.names, c.Name), append(s.opens, c.Opens), append(s.leads, c.Leads)
		for _, n := range append([]string{c.Name}, c.Aliases...) {
			s.commands.add(n, id)
			if t := fold(Normalise(n)); t != "" {
				s.entries = append(s.entries, entry{t, id, utf8.RuneCountInString(t)})
			}
		}
	}
	s.commands.sorted()
	return s
}

// Split finds the command of a message; see Splitter.Split. Use a Splitter where the same
// vocabulary is used again.
func Split(raw string, v Vocabulary) Head { return NewSplitter(v).Split(raw) }

// Split finds the command at the head of a message. Mentions of the bot are taken out
// wherever they stand, with any or no separator; a leading mention of somebody else is
// skipped. The longest command wins and needs no space behind it ("/日报新返3"); marks behind
// it are dropped ("日报："). Without a slash the leading word counts too (Slash false); the
// caller decides where that is allowed. There, so that "问一下" is not the command 问, a
// command of one character needs a mark, a space, a digit or the end behind it.
func (s *Splitter) Split(raw string) Head {
	text, mentioned := s.dropMentions(Normalise(raw))
	h := s.split(text)
	h.Mentioned = mentioned
	return h
}

// SplitAll is Split for a message that may hold several commands ("/日报 … /罩 …"): one Head
// for each. A further command counts when it has a slash (at the start of a line also 、),
// stands behind a space or a newline, and is known; where the message begins with a command
// that Leads, one that Opens needs no slash at the start of a line. There is always at
// least one Head, and the first has the command Split finds.
func (s *Splitter) SplitAll(raw string) []Head {
	text, mentioned := s.dropMentions(Normalise(raw))
	text = skipOther(text)
	starts, folded := []int{0}, fold(text)
	bare := strings.Contains(text, "\n") && s.leading(text)
	for i := s.nextCommand(text, folded, 1, bare); i >= 0; i = s.nextCommand(text, folded, i+1, bare) {
		starts = append(starts, i)
	}
	if len(starts) > 1 && !s.headed(text[:starts[1]]) {
		starts = slices.Delete(starts, 1, 2) // what stands before the first command stays with it
	}
	heads := make([]Head, len(starts))
	for k, from := range starts {
		to := len(text)
		if k+1 < len(starts) {
			to = starts[k+1]
		}
		heads[k] = s.split(text[from:to])
		heads[k].Mentioned = mentioned
	}
	return heads
}

// headed reports whether text begins with a command, known or not.
func (s *Splitter) headed(text string) bool {
	h := s.split(text)
	return h.Command != "" || h.Word != ""
}

// leading reports whether text begins with a command that Leads.
func (s *Splitter) leading(text string) bool {
	i := slices.Index(s.names, s.split(text).Command)
	return i >= 0 && s.leads[i]
}

// nextCommand is the place of the next slash command in text at or after from, or -1; with
// bare also of a command without a slash that begins a line. folded is fold(text).
func (s *Splitter) nextCommand(text, folded string, from int, bare bool) int {
	for i := max(from, 1); i < len(text); i++ {
		if text[i-1] != ' ' && text[i-1] != '\n' {
			continue
		}
		n := slashAt(text, i)
		if n == 0 && bare && text[i-1] == '\n' {
			if e, ok := s.commandAt(folded, i, false); ok && s.opens[e.id] {
				return i
			}
		}
		if n == 0 || strings.HasPrefix(text[i:], "、") && text[i-1] != '\n' {
			continue
		}
		if _, ok := s.commandAt(folded, i+n, true); ok {
			return i
		}
	}
	return -1
}

func (s *Splitter) split(text string) Head {
	text = skipOther(strings.Trim(text, " \n"))
	folded := fold(text)
	var h Head
	i := leadingMarks(text)
	for {
		n := slashAt(text, i)
		if n == 0 {
			n = spokenSlashAt(folded, i)
		}
		if n == 0 {
			break
		}
		h.Slash = true
		i += n
		for i < len(text) && text[i] == ' ' {
			i++
		}
	}
	if e, ok := s.commandAt(folded, i, h.Slash); ok {
		h.Command = s.names[e.id]
		h.Rest = afterCommand(text[i+len(e.text):])
		h.Line = text
		return h
	}
	if !h.Slash {
		return s.late(text)
	}
	end := i + wordLength(text[i:])
	if n := cutWord(text[i:end], s.entries); n > 0 { // 日抱新返3 is 日抱 and 新返3
		end = i + n
	}
	h.Word = text[i:end]
	h.Near = suggest(h.Word, s.entries, s.names)
	h.Rest = afterCommand(text[end:])
	return h
}

// late looks for a slash command behind other words: "大家好 @助手 /日报 新返3". Words with
// digits before it are part of what it is about; a greeting is not.
func (s *Splitter) late(text string) Head {
	i := s.nextCommand(text, fold(text), 1, false)
	if i < 0 {
		return Head{Rest: text}
	}
	h := s.split(text[i:])
	before := strings.TrimRight(text[:i], " \n")
	if h.Rest == "" {
		h.Rest = before
	} else if strings.ContainsAny(before, "0123456789") {
		h.Rest = before + "\n" + h.Rest
	}
	return h
}

// commandAt finds the longest command at i. folded is fold(text).
func (s *Splitter) commandAt(folded string, i int, slash bool) (entry, bool) {
	for _, e := range s.commands.at(folded, i) {
		if !strings.HasPrefix(folded[i:], e.text) {
			continue
		}
		next, _ := runeAt(folded, i+len(e.text))
		last := runeBefore(e.text, len(e.text))
		if isLatin(last) && isLatin(next) { // "help" is not the head of "helpless"
			continue
		}
		if !slash && e.runes == 1 && (isHan(next) && !isHanNumeral(next) || isLatin(next) || isHanNumeral(next) && !numeralHead(folded, i+len(e.text))) {
			continue
		}
		return e, true
	}
	return entry{}, false
}

// numeralHead reports whether the numerals at i are a case number ("改二十五号"), so that
// "问一下" stays a sentence.
func numeralHead(s string, i int) bool {
	_, end, v := hanAt(s, i)
	return v == good && strings.HasPrefix(s[end:], "号")
}

// dropMentions replaces every "@bot name" by a space.
func (s *Splitter) dropMentions(text string) (string, bool) {
	if !strings.Contains(text, "@") {
		return text, false
	}
	folded, found := fold(text), false
	var b strings.Builder
	last := 0
	for i := 0; i < len(text); i++ {
		if text[i] != '@' {
			continue
		}
		for _, name := range s.bots {
			if strings.HasPrefix(folded[i+1:], name) {
				b.WriteString(text[last:i])
				b.WriteByte(' ')
				last = i + 1 + len(name)
				i = last - 1
				found = true
				break
			}
		}
	}
	if !found {
		return text, false
	}
	b.WriteString(text[last:])
	return strings.Trim(b.String(), " \n"), true
}

// skipOther drops a leading mention of somebody else ("@王书记 /日报"): up to the next space
// or slash.
func skipOther(text string) string {
	for strings.HasPrefix(text, "@") {
		i := strings.IndexAny(text, " \n/\\、÷")
		if i < 0 {
			return text
		}
		text = strings.TrimLeft(text[i:], " \n")
	}
	return text
}

// leadingMarks is the length of punctuation before the command, as in "@助手，/日报".
func leadingMarks(text string) int {
	for i, r := range text {
		if r == '、' || !isMark(r) || r == '?' {
			return i
		}
	}
	return 0
}

// slashAt is the length of a slash sign at i, or 0. NFKC has made ／ and ＼ plain.
func slashAt(text string, i int) int {
	switch r, w := runeAt(text, i); r {
	case '/', '\\', '、', '÷', '∕', '⁄', '╱', '∖':
		return w
	}
	return 0
}

// spokenSlashAt is the length of a slash as voice input writes it, or 0.
func spokenSlashAt(folded string, i int) int {
	for _, w := range []string{"斜杠", "斜杆", "斜线", "斜槓"} {
		if strings.HasPrefix(folded[i:], w) {
			return len(w)
		}
	}
	return 0
}

// afterCommand drops the marks between a command and what it is about.
func afterCommand(s string) string {
	return strings.TrimLeftFunc(s, func(r rune) bool { return isMark(r) || r == '=' || r == '|' })
}

// wordLength is the length of the word at the start of s: up to a mark, a space, a digit.
func wordLength(s string) int {
	for i, r := range s {
		if isMark(r) || unicode.IsDigit(r) || r == '/' || r == '=' || r == '(' || r == '[' {
			return i
		}
	}
	return len(s)
}

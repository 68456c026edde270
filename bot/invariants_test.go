package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/tools/txtar"
)

// What holds for everything the bot says in any transcript: sizes for a phone, and that a
// group never hears a unit's health figures (docs/decisions.md, "Saying things").
func TestWhatIsSaidFitsAndKeepsQuiet(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/chat/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	receipts := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range utterances(string(txtar.Parse(data).Files[len(txtar.Parse(data).Files)-1].Data)) {
			// What waits for one person in one minute is said together, with a blank line between.
			for _, part := range strings.Split(s.text, "\n\n") {
				lines := strings.Count(part, "\n") + 1
				if strings.HasPrefix(part, "已收 R") {
					receipts++
					if lines > 4 {
						t.Errorf("%s: a receipt of %d lines:\n%s", file, lines, part)
					}
				}
				if n := utf8.RuneCountInString(part); n > 600 {
					t.Errorf("%s: %d characters at once:\n%s", file, n, part)
				}
			}
			if group := strings.HasSuffix(s.chat, "群"); group && s.chat != "领导群" && ofOneUnit.MatchString(examples.ReplaceAllString(s.text, "")) {
				t.Errorf("%s: %s hears a unit's figures:\n%s", file, s.chat, s.text)
			}
			if strings.Contains(s.text, "%!") || strings.Contains(s.text, "<nil>") {
				t.Errorf("%s: a broken format:\n%s", file, s.text)
			}
		}
	}
	if receipts < 30 {
		t.Errorf("only %d receipts were seen: is the pattern still right?", receipts)
	}
}

// ofOneUnit finds a figure with its arithmetic, or a health count, as only receipts and
// questions have them.
var ofOneUnit = regexp.MustCompile(`(在隔|新隔|发热|解除)\d+|昨\d+`)

// examples are lines to copy, whose figures are nobody's.
var examples = regexp.MustCompile(`(?m)^/.*$`)

type utterance struct{ voice, chat, text string }

// utterances are the street's side of a transcript.
func utterances(chat string) []utterance {
	var out []utterance
	for line := range strings.Lines(chat) {
		line = strings.TrimRight(line, "\n")
		if more, ok := strings.CutPrefix(line, "  "); ok && len(out) > 0 && out[len(out)-1].voice != "" {
			out[len(out)-1].text += "\n" + more
			continue
		}
		head, text, ok := strings.Cut(line, "> ")
		voice, where, at := strings.Cut(head, "@")
		if ok && at && (voice == "防控助手" || voice == "推送" || voice == "应用") {
			out = append(out, utterance{voice, where, text})
			continue
		}
		out = append(out, utterance{})
	}
	return out
}

package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Problem is one mistake in the files: where, what, and how to mend it.
type Problem struct {
	File      string
	Line, Col int    // from 1, Col in characters; 0 = the file as a whole
	What      string // the mistake, for the person who wrote the file
	Mend      string // what to do about it; "" if What says it
	Warning   bool   // the bot can start all the same
}

// String returns the problem on one line: streets/demo.yaml:6:9: 不认识的键“typ”，你是不是想写“type”？
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Col)
	}
	b.WriteString(": ")
	if p.Warning {
		b.WriteString("提醒：")
	}
	b.WriteString(p.What)
	if p.Mend != "" {
		b.WriteString("，" + p.Mend)
	}
	return b.String()
}

// Problems is every mistake found, sorted by file, line and column.
type Problems []Problem

// String returns one problem per line, without a last line break.
func (ps Problems) String() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Err returns nil if there is no problem or only warnings; otherwise an error that
// reads as the problems that forbid a start, one per line.
func (ps Problems) Err() error {
	hard := slices.DeleteFunc(slices.Clone(ps), func(p Problem) bool { return p.Warning })
	if len(hard) == 0 {
		return nil
	}
	return errors.New(hard.String())
}

func (ps Problems) sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col), cmp.Compare(a.What, b.What))
	})
}

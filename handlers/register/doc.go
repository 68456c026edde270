// Package register keeps books of entries by household, gate, lane or site: one engine, and
// everything it knows of colours, words, moves and limits stands in the packs (cards S06,
// S07, S12–S14, S20, S37, S39–S41).
//
// In: a line (/返 5-301 2 安徽 2.12 自驾), an answer to its one question, a moment that came
// (a limit, the morning's list). Out: one entry per key with its older versions kept, a
// receipt, what each side has to hear, and for reports and digests what is known already.
//
// Start with decide.go, which says what an act makes of an entry and touches nothing;
// entry.go is what is remembered, place.go finds what a line is about, act.go leads a line
// from arrival to receipt, due.go is what happens by itself, view.go how one looks.
package register

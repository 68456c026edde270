// Package cases follows a matter until another person has seen that it is done: 问题, 交办,
// 缺口, 失联 and 急 are one engine (cards S01, S10, S22, S31–S37), their types come from the
// packs.
//
// In: a line (/问, /查, /改 25 …), a quoted message, a moment that came (a deadline, the
// morning's draw, the evening's paper). Out: one numbered record per matter, its older
// versions kept, and what each side has to hear. Time runs against the side that holds
// the ball and is counted for each.
//
// Start with life.go, the table of what can happen to a case; record.go is what is
// remembered, open.go the way in, verify.go the way out, due.go what happens by itself.
package cases

// Package report files the forms of a pack: one line in, one receipt out.
//
// In: a line typed by a secretary (or by who may file for her), a draft's answer, a
// duty's slot. Out: outcomes that store a report, keep a draft, or say who is missing.
// Start with form.go (a form made ready to read), then file.go (a line's way to a
// receipt); draft.go holds the one question that may come in between,
// answer.go hears its answer, pile.go knows what a person has begun, withdraw.go takes back,
// reporter.go tells committees, blocks, sites and areas apart, reading.go reads what is more
// than a count, review.go accepts and returns.
package report

// Package syntax turns a typed line into words and numbers; it is the only parser there is.
// In: what a person typed, and, as data, the names that may occur in it (commands, labels,
// committees, bot names). Out: a Head (which command), a Reading (which label has which
// value, and what was not understood), dates, case numbers, answers, personal data found.
// Start with head.go (the first words of a message), then fields.go (the rest of it);
// home.go, temperature.go, clock.go and checklist.go read single things for other families.
// Everything here is a pure function or a read-only compiled table: no state, no clock, no
// I/O, nothing of ours imported, no knowledge of any form. It is generous with what it
// accepts and strict with what it returns: a value always stands in the text at the offsets
// given, and what could be meant in two ways is handed back as a question, never guessed:
// a label known by its sound only (sound.go) and a figure called approximate are Guesses.
// typing_test.go types thousands of lines from figures it knows and holds the reader to them.
package syntax

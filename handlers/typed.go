package handlers

import (
	"strings"

	"juwei/handlers/syntax"
)

// Typed is the end of the message that rest stands for, as it was typed: Normalise makes
// marks half-width, and what others will read should keep its own. rest itself, if the
// message does not end in it.
func (c *Call) Typed(rest string) string {
	raw := strings.TrimSpace(c.Message.Text)
	if rest == "" || len(raw) > 4096 {
		return rest
	}
	want := syntax.Normalise(rest)
	first := []rune(want)[0]
	for i, r := range raw {
		if (r == first || r > 0x7f) && syntax.Normalise(raw[i:]) == want {
			return strings.TrimSpace(raw[i:])
		}
	}
	return rest
}

package admin

import (
	"context"

	"juwei/handlers"
	"juwei/handlers/syntax"
)

// courtesies are the answers to what asks for nothing.
var courtesies = map[syntax.Manner]string{
	syntax.Thanks:   "不客气，您也辛苦了。",
	syntax.Greeting: "您好，我在。要看今天要办什么，发：我的",
	syntax.Parting:  "好，您早点休息。",
	syntax.Nod:      "好的，有事随时发我。",
}

// courtesy answers 谢谢 and the like, when nobody who waited for an answer took it for one.
// In a group it stays silent: nobody there needs to hear it.
func courtesy(_ context.Context, c *handlers.Call) (handlers.Outcome, bool, error) {
	m, ok := syntax.Courtesy(c.Rest)
	switch {
	case !ok:
		return handlers.Outcome{}, false, nil
	case !c.Private():
		return handlers.Outcome{}, true, nil
	}
	return handlers.Answer(courtesies[m]), true, nil
}

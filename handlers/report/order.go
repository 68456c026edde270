package report

import (
	"fmt"
	"slices"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
)

// bareFigures are how many numbers without a label make a list of them.
const bareFigures = 3

// inOrder gives the numbers of a line without labels (/日报 2 0 0 1 8 0 11) to the form's
// figures in their order, as guesses: they are shown with their labels and not kept before a
// yes. Where there are more or fewer of them than the form asks for, nobody can say which is
// whose, and the line is refused.
func (sh *sheet) inOrder(r syntax.Reading) (syntax.Reading, error) {
	numbers, ok := bare(r)
	asked := sh.required()
	if !ok || len(numbers) < bareFigures || len(asked) == 0 || slices.ContainsFunc(asked, func(x *config.Field) bool { return x.Kind != config.KindInt }) {
		return r, nil
	}
	if len(numbers) != len(asked) {
		return r, handlers.Refuse(
			fmt.Sprintf("光有数字，%s要%d个，您写了%d个，我对不上号。什么也没存。", sh.form.Name, len(asked), len(numbers)),
			"请写上是什么，例："+sh.form.Example())
	}
	return inTurn(r, asked, numbers), nil
}

// inTurn is the reading with its bare numbers as guesses for fields.
func inTurn(r syntax.Reading, fields []*config.Field, numbers []int) syntax.Reading {
	r.Unknown = nil
	for i, x := range fields {
		r.Guessed = append(r.Guessed, syntax.Guess{Value: syntax.Value{Label: x.Name, Int: numbers[i]}})
	}
	return r
}

// bare are the numbers of a line that says nothing else.
func bare(r syntax.Reading) (numbers []int, ok bool) {
	if labels(r)+len(r.Aside)+len(r.Days)+len(r.Notes) > 0 || r.Same || r.Zero {
		return nil, false
	}
	for _, s := range r.Unknown {
		n, ok := syntax.Integer(s.Text)
		if !ok || s.Value != s.Text {
			return nil, false
		}
		numbers = append(numbers, n)
	}
	return numbers, len(numbers) > 0
}

// heading refuses a line that is labels without their numbers and, apart from them, numbers
// without labels: a table's rows, pasted.
func (sh *sheet) heading(r syntax.Reading) error {
	titles, numbers := 0, 0
	for _, s := range r.BadNumber {
		if s.Text == "" {
			titles++
		}
	}
	for _, s := range r.Unknown {
		if s.Value == s.Text && s.Text != "" {
			numbers++
		}
	}
	if titles < bareFigures-1 || numbers < bareFigures-1 || len(r.Values) > 1 {
		return nil
	}
	return handlers.Refuse("这像是从表格里贴来的，标题和数字分开了，我对不上号。什么也没存。", "请只发自己的那一行，例："+sh.form.Example())
}

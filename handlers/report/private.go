package report

import (
	"slices"

	"juwei/config"
	"juwei/handlers/syntax"
	"juwei/store"
)

// keyDrafts seals the drafts of whoever has begun a form that asks about households: one
// person's drafts of several packs lie together.
const keyDrafts = "office:draft"

// private reports whether the form asks what is known of a household: class C2 and above.
func (sh *sheet) private() bool {
	return slices.ContainsFunc(sh.form.Fields, func(x *config.Field) bool { return x.Class >= "C2" || x.Kind == config.KindHouse })
}

// keepTexts is the change that keeps the texts of a report: sealed where the form is private,
// or somebody named a household all the same.
func (sh *sheet) keepTexts(period, key, body string, house bool) store.Change {
	if house || sh.private() {
		return store.PutSealed(store.ReportTexts(sh.form.Name, period), key, store.Any, body, sh.pack.Name)
	}
	return store.Put(store.ReportTexts(sh.form.Name, period), key, store.Any, body)
}

// households reports whether one of some texts names a household: 6号1203要送药.
func households(texts map[string]string) bool {
	for _, text := range texts {
		for i, r := range text {
			if r == ' ' {
				continue
			}
			if _, _, ok := syntax.House(text[i:]); ok {
				return true
			}
		}
	}
	return false
}

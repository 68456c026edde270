package config

// Field returns the field that the rule says the value of: the one alone on the left of
// ==. ok is false for any other rule.
func (r *Rule) Field() (field string, ok bool) {
	if !r.solvable() {
		return "", false
	}
	return r.left.terms[0].name, true
}

// Factor returns how much the right side grows when the named number grows by one; 0 if
// the right side does not name it.
func (r *Rule) Factor(name string) int {
	n := 0
	for _, t := range r.right.terms {
		if t.name == name {
			n += t.times
		}
	}
	return n
}

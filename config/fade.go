package config

// Fade is how a form stops asking where nothing changes: the bot writes the zero report
// itself, asks for one yes, and asks less and less often.
type Fade struct {
	After int   // so many days in a row without a change
	Every []int // the days that one yes covers: the first time, the second …; the last one goes on
}

// Covers returns how many days the n-th yes in a row covers, n from 0.
func (f *Fade) Covers(n int) int {
	return f.Every[min(n, len(f.Every)-1)]
}

// readFade reads fade: {after: 3, ask_every: [1, 2, 3]}; nil if the form does not fade. Only
// a form that takes a zero report can.
func readFade(v value, zero bool) *Fade {
	if v.missing {
		return nil
	}
	if !zero {
		v.problem(v.at, "fade 要有零报才行", "加 zero: true，或去掉 fade")
	}
	o := v.object()
	defer o.close()
	f := &Fade{After: o.get("after").number(3, 2, 30)}
	every := o.get("ask_every").need()
	for i, w := range every.items() {
		n := w.number(1, 1, 7)
		if i > 0 && n < f.Every[i-1] {
			w.problem(w.at, "ask_every 的间隔变短了", "从小到大写，如 [1, 2, 3]")
		}
		f.Every = append(f.Every, n)
	}
	if len(f.Every) == 0 {
		return nil
	}
	return f
}

// checkFades finds forms that fade without a duty that looks after it, and the other way
// round.
func checkFades(r *reader, p *Pack) {
	looked := make(map[string]bool)
	for i, d := range p.Duties {
		if d.Do != "fade" {
			continue
		}
		looked[d.Form] = true
		if f := p.Form(d.Form); f != nil && f.Fade == nil {
			r.problem(r.placeOf("duties.%d.form", i), "表单“"+d.Form+"”没有写 fade", "在表单里写 fade: {after: 3, ask_every: [1, 2, 3]}，或去掉这个任务")
		}
	}
	for i, f := range p.Forms {
		if f.Fade != nil && !looked[f.Name] {
			r.problem(r.placeOf("forms.%d.fade", i), "表单“"+f.Name+"”要渐隐，没有任务来办", "加 - {do: fade, form: "+f.Name+", cron: \"0 15 * * *\", late: skip, grace: 60m}")
		}
	}
}

package report

import (
	"fmt"

	"juwei/config"
	"juwei/handlers"
)

// opens are the figures of a report that somebody shall follow to their end: a field may
// name a type of case (config.Field.Case). A figure that was corrected tells the case it
// opened; it never opens a second one.
func (fl *filing) opens(r Report, texts map[string]string) []handlers.Matter {
	var out []handlers.Matter
	for _, x := range fl.sh.form.Fields {
		if !x.Stored() || !x.MayOpen() {
			continue
		}
		now, was := "", ""
		if r.Filed() || r.Rev == 0 && !r.has(flagGone) {
			now = x.Opens(r.Values[x.Name])
		}
		if fl.today.Filed() {
			was = x.Opens(fl.today.Values[x.Name])
		}
		m := handlers.Matter{
			Unit: fl.from.unit.Name, Place: fl.from.part, By: fl.by.UserID,
			Source: fmt.Sprintf("%s/%s/%s/%s", fl.sh.form.Name, fl.period.Key(), fl.from.key(), x.Name),
		}
		if was != "" && was != now {
			m.Type, m.Over, m.Text = was, true, fmt.Sprintf("%s更正：%s", fl.sh.form.Name, figure(x, r.Values[x.Name]))
			if r.has(flagGone) {
				m.Text = fl.sh.form.Name + "撤回了"
			}
			out = append(out, m)
		}
		if now != "" {
			m.Type, m.Over, m.Text = now, false, fmt.Sprintf("%s报%s", fl.sh.form.Name, figure(x, r.Values[x.Name]))
			if more := texts[x.Name]; more != "" {
				m.Text += "，" + more
			}
			out = append(out, m)
		}
	}
	return out
}

// figure is 未满14天3人, 瓶颈不配合.
func figure(x *config.Field, n int) string { return x.Name + x.Format(n) + x.Unit }

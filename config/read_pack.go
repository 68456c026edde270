package config

import (
	"strconv"
	"strings"

	"github.com/robfig/cron/v3"
)

// readPack reads a file of packs/.
func readPack(r *reader, top value) *Pack {
	o := top.object()
	defer o.close()
	p := &Pack{}
	head := o.get("pack").need().object()
	p.Place = head.at
	p.Name = head.get("name").need().code()
	p.Title = head.get("title").need().text()
	head.close()

	for _, v := range o.get("forms").items() {
		p.Forms = append(p.Forms, readForm(v))
	}
	for _, v := range o.get("duties").items() {
		p.Duties = append(p.Duties, readDuty(v))
	}
	nameDuties(p.Duties)
	for _, v := range o.get("notices").items() {
		p.Notices = append(p.Notices, readTemplate(v))
	}
	for _, v := range o.get("digest").items() {
		p.Digest = append(p.Digest, readSection(v))
	}
	for _, v := range o.get("exports").items() {
		p.Exports = append(p.Exports, readExport(v))
	}
	p.Budget = readBudget(o.get("budget"))
	p.Cases = readCases(o)
	p.Rosters = readRosters(o)
	readRegisters(o, p)
	p.Levels = readLevels(o.get("levels"))
	if !top.missing {
		checkPack(r, p)
		checkLevels(r, p)
		checkExports(r, p)
		checkFades(r, p)
	}
	pacePack(p)
	return p
}

// fiveFields is the usual crontab line; no @every, no seconds.
var fiveFields = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

func readDuty(v value) *Duty {
	o := v.object()
	defer o.close()
	d := &Duty{Place: v.at}
	d.Do = o.get("do").need().text()
	d.Form = o.get("form").text()
	line := o.get("cron").need()
	if d.Cron = strings.Join(strings.Fields(line.text()), " "); d.Cron != "" {
		d.Schedule = line.schedule(d.Cron)
	}
	d.Days = Days(o.get("days").oneOf(string(DaysAll), string(DaysAll), string(DaysWork), string(DaysRest)))
	d.Chat = ChatKind(o.get("chat").oneOf("", texts(ChatKinds())...))
	d.Late = o.get("late").oneOf(LateSkip, LateSkip, LateOnce)
	grace := o.get("grace")
	d.Grace = grace.span()
	switch {
	case d.Late == LateOnce && !grace.missing:
		grace.problem(grace.at, "late: once 不需要 grace", "去掉 grace，或写 late: skip")
	case d.Late == LateSkip:
		grace.need()
	}
	return d
}

// schedule parses a cron line and says which of its fields is wrong.
func (v value) schedule(line string) cron.Schedule {
	names := []string{"分（0-59）", "时（0-23）", "日（1-31）", "月（1-12）", "星期（0-6，0是星期日）"}
	fields := strings.Fields(line)
	// The parser also takes TZ=… in front, and panics if nothing follows it.
	if len(fields) != 5 || strings.Contains(line, "=") || strings.Contains(line, "@") {
		v.problem(v.at, "时间表“"+line+"”要有五段："+"分 时 日 月 星期", "例如每天17:15写 15 17 * * *")
		return nil
	}
	for i := range fields {
		probe := []string{"*", "*", "*", "*", "*"}
		probe[i] = fields[i]
		if _, err := fiveFields.Parse(strings.Join(probe, " ")); err != nil {
			v.problem(v.at, "时间表“"+line+"”的第"+strconv.Itoa(i+1)+"段“"+fields[i]+"”不对", "这一段是"+names[i])
			return nil
		}
	}
	s, err := fiveFields.Parse(line)
	if err != nil {
		v.problem(v.at, "时间表“"+line+"”读不懂", "例如每天17:15写 15 17 * * *")
		return nil
	}
	return s
}

// nameDuties gives each duty its id: the second nudge-日报 is nudge-日报-2.
func nameDuties(ds []*Duty) {
	count := make(map[string]int)
	for _, d := range ds {
		base := d.Name()
		if count[base]++; count[base] > 1 {
			base += "-" + strconv.Itoa(count[base])
		}
		d.name = base
	}
}

func readBudget(v value) Budget {
	o := v.object()
	defer o.close()
	person := o.get("per_person").number(3, 1, 20)
	return Budget{
		PerPerson: person,
		Reserve:   o.get("reserve").number(min(1, person-1), 0, person-1),
		PerChat:   o.get("per_chat").number(3, 1, 20),
		QuietFrom: o.get("quiet_from").clock(20 * 60),
		QuietTo:   o.get("quiet_to").clock(8 * 60),
	}
}

package privacy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
)

// reason is why one thing is asked, as far as the pack says.
type reason struct {
	name           string // 日报的新返
	purpose, basis string
	class          string
	health         bool
	owner          string
	run            config.Run
}

// why is /为什么: purpose, basis, who sees it and when it goes, of a field, a form, a register
// or a kind of case of the running packs. Everybody may ask.
func (f *Family) why(_ context.Context, c *handlers.Call) (handlers.Outcome, error) {
	word := strings.TrimSpace(strings.TrimRight(syntax.Normalise(c.Rest), "?。"))
	for _, lead := range []string{"要报", "要问", "要填", "要", "问", "填", "报"} {
		if rest, ok := strings.CutPrefix(word, lead); ok && rest != "" {
			word = rest
			break
		}
	}
	if word == "" {
		return handlers.Answer("问哪一项？例：/为什么 新隔"), nil
	}
	var said []string
	for _, r := range reasons(c.Street, c.Day, word) {
		if len(said) < 2 {
			said = append(said, r.say(c.Day))
		}
	}
	if len(said) == 0 {
		return handlers.Outcome{}, handlers.Refusef("写表、册或项目的名字，例：/为什么 新隔", "现在没有在收“%s”。", handlers.Quote(word))
	}
	return handlers.Answer(strings.Join(said, "\n\n")), nil
}

func reasons(s *config.Street, day config.Day, word string) []reason {
	var out []reason
	for _, run := range s.Runs {
		if !slices.Contains(s.Active(day), run.Pack) {
			continue
		}
		for _, form := range run.Pack.On(day) {
			r := reason{purpose: form.Purpose, basis: form.Basis, owner: form.Owner, run: run, class: "C0"}
			if form.Called(word) {
				r.name = form.Name
				out = append(out, r)
			} else if x := form.Field(word); x != nil {
				r.name, r.class, r.health = form.Name+"的"+x.Name, classOf(x, "C0"), x.Health
				out = append(out, r)
			}
		}
		for _, book := range run.Pack.Registers {
			r := reason{purpose: book.Purpose, basis: book.Basis, owner: book.Owner, run: run, class: book.Class}
			if book.Name == word || book.Title == word || slices.Contains(book.Aliases, word) {
				r.name = book.Name
				out = append(out, r)
			} else if x := book.Field(word); x != nil {
				r.name, r.class, r.health = book.Name+"的"+x.Name, classOf(x, book.Class), x.Health
				out = append(out, r)
			}
		}
		if t := run.Pack.Cases.Type(word); t != nil {
			out = append(out, reason{name: t.Name + "单", purpose: "有人接、办完、有人验", basis: run.Pack.Title, run: run, class: t.Class})
		}
	}
	return out
}

// classOf is the class of a field: its own, or that of what it is part of. A household's
// code is never less than C2.
func classOf(x *config.Field, whole string) string {
	class := x.Class
	if class == "" {
		class = whole
	}
	if x.Kind == config.KindText {
		class = max(class, "C1")
	}
	if x.Kind == config.KindHouse {
		class = max(class, "C2")
	}
	return class
}

func (r reason) say(day config.Day) string {
	line := func(head, text string) string {
		if text == "" {
			return ""
		}
		return head + text + "\n"
	}
	text := r.name + "：" + line("", r.purpose) + line("依据：", r.basis) + line("谁看：", r.seen())
	return text + "存多久：" + r.goes(day)
}

// seen says who sees a value of the class, and what a group hears.
func (r reason) seen() string {
	who := map[string]string{
		"C0": "本居民区、联络员、值班室、领导",
		"C1": "本居民区、联络员、科室、检查的人",
		"C2": "本居民区、联络员、值班室；看了都留痕",
		"C3": "本居民区、值班室；看了都留痕",
		"C4": "本人和收的人",
	}[r.class]
	if r.class <= "C1" && r.owner != "" && !strings.Contains(who, r.owner) {
		who += "、" + r.owner
	}
	switch {
	case r.class >= "C3":
		return who + "。群里不说"
	case r.class == "C2":
		return who + "。群里只说6号12**和总数"
	case r.health:
		return who + "。群里只说全街道的"
	}
	return who
}

// goes says when a value of today is erased.
func (r reason) goes(day config.Day) string {
	t := handlers.TermOf(r.class)
	switch {
	case t.Class == "C0":
		last := day.Add(t.Days)
		return fmt.Sprintf("%d年，到%d年%s", t.Days/365, last.Year(), last.Label())
	case t.Class == "C2" || t.Class == "C3":
		if r.run.To == "" {
			return fmt.Sprintf("专项结束后%d天销毁，连备份也打不开", t.Days)
		}
		return fmt.Sprintf("专项%s结束，%s销毁，连备份也打不开", r.run.To.Label(), r.run.To.Add(t.Days).Label())
	}
	if t.Days%365 == 0 {
		return fmt.Sprintf("%s后%d年", t.From, t.Days/365)
	}
	return fmt.Sprintf("%s后%d天", t.From, t.Days)
}

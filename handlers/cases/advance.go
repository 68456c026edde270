package cases

import (
	"context"
	"fmt"
	"strings"

	"juwei/handlers"
	"juwei/handlers/syntax"
)

// advance is /清单 2.3 117/123: how far an item is, told by its owner. Whole, it is done and
// waits to be looked at like any other case.
func (f *Family) advance(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	k, note, err := f.pick(ctx, c, "清单")
	if err != nil {
		return handlers.Outcome{}, err
	}
	if note == "" {
		return f.story(ctx, c, k)
	}
	if !k.owns(&c.Desk, c.Person) {
		return handlers.Outcome{}, handlers.Refusef("您要补充，发：/问题 "+k.id+" 想说的", "%s 归%s，进度由他们来报。", k.id, titles(&c.Desk, k.Owners))
	}
	part, whole, done := share(note, k.Whole)
	switch {
	case whole > 0 && part > whole:
		return handlers.Outcome{}, handlers.Refusef(fmt.Sprintf("例：%s %d/%d", k.id, whole, whole), "%d比%d还多，没有记。", part, whole)
	case done || whole > 0 && part == whole:
		full := *c
		full.Rest = k.id + " " + note
		return f.mend(ctx, &full)
	}
	if !k.do(Advance, c.Person.UserID, c.At, handlers.Clip(note, longest)) {
		return handlers.Outcome{}, k.wrongState(&c.Desk)
	}
	if whole > 0 {
		k.Part, k.Whole = part, whole
	}
	out := f.outcome(&c.Desk, k)
	out.Reply = handlers.Say(strings.Join(strings.Fields(fmt.Sprintf("%s %s", k.name(), k.far())), " ") + "，" + when(&c.Desk, k.Due) + "前。")
	return out, nil
}

// far is how far an item is: 117/123（95.1%）, 80%; "" if nobody has said a number.
func (k *Case) far() string {
	switch k.Whole {
	case 0:
		return ""
	case 100:
		return fmt.Sprintf("%d%%", k.Part)
	}
	return fmt.Sprintf("%d/%d（%.1f%%）", k.Part, k.Whole, 100*float64(k.Part)/float64(k.Whole))
}

// share reads how far something is: 117/123, 80%, 百分之八十, 八成, 还差六个 (of the whole that is
// known); done is 完成 and the like. whole is 0 where no number says it.
func share(text string, known int) (part, whole int, done bool) {
	text = syntax.Normalise(text)
	for _, w := range []string{"没完成", "未完成", "没有完成", "没做完", "没办完"} {
		if strings.Contains(text, w) {
			text = strings.ReplaceAll(text, w, "")
			known = max(known, 0)
		}
	}
	if _, rest, ok := strings.Cut(text, "百分之"); ok {
		if n, _, ok := syntax.Number(rest); ok {
			return n, 100, false
		}
	}
	for i, r := range text {
		if !strings.ContainsRune("0123456789一二两三四五六七八九十百", r) || afterNumeral(text[:i]) {
			continue
		}
		n, used, ok := syntax.Number(text[i:])
		if !ok {
			continue
		}
		switch rest := text[i+used:]; {
		case strings.HasPrefix(rest, "/"):
			if m, _, ok := syntax.Number(rest[1:]); ok && m > 0 {
				return n, m, false
			}
		case strings.HasPrefix(rest, "%"):
			return n, 100, false
		case strings.HasPrefix(rest, "成") && n <= 10 && !strings.HasPrefix(rest, "成员"):
			return 10 * n, 100, false
		case known > 0 && n <= known && (strings.HasSuffix(text[:i], "还差") || strings.HasSuffix(text[:i], "剩") || strings.HasSuffix(text[:i], "剩下")):
			return known - n, known, false
		}
	}
	for _, w := range []string{"完成", "做完", "办完", "办好", "做好", "都好了", "全部到位"} {
		if strings.Contains(text, w) {
			return 0, 0, true
		}
	}
	return 0, 0, false
}

func afterNumeral(s string) bool {
	return afterDigit(s) || strings.HasSuffix(s, "十") || strings.HasSuffix(s, "百")
}

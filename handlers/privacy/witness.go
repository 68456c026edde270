package privacy

import (
	"cmp"
	"context"
	"fmt"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// shown is how much of a head is said: nobody can find another chain that leads to it.
const shown = 12

// ChainLine says where a day's audit chain ended, for a digest: who keeps the digest can
// show later that no line was taken away since.
func ChainLine(_ *handlers.Desk, b *store.Batch, day config.Day) func() (string, error) {
	head := b.AuditHead(string(day))
	return func() (string, error) {
		if head.N == 0 {
			return "", nil
		}
		return fmt.Sprintf("%s%d条，链头%s", day.Label(), head.N, head.Head[:min(len(head.Head), shown)]), nil
	}
}

// witness says the closing head of the day before its slot to the discipline office: in its
// chat, or to its people where the street has none.
func witness(ctx context.Context, m *handlers.Moment) (handlers.Outcome, error) {
	b := m.Read()
	line := ChainLine(&m.Desk, b, m.Day.Add(-1))
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read chain head: %w", err)
	}
	text, err := line()
	if err != nil {
		return handlers.Outcome{}, err
	}
	if text == "" {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	out := handlers.Outcome{Audit: handlers.Audit{Record: "链头/" + string(m.Day.Add(-1)), Values: text}}
	say := handlers.Say("【留痕】" + text + "。请留着，核对时用")
	kind := cmp.Or(m.Duty.Chat, config.ChatDiscipline)
	for _, chat := range m.Dir.ChatsOf(m.Street, kind) {
		out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToChat(chat.Name), handlers.Digest, say, m.At))
	}
	if len(out.Pushes) == 0 {
		for _, id := range audience(&m.Desk, "", config.RoleDiscipline) {
			out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(id), handlers.Digest, say, m.At))
		}
	}
	return out, nil
}

package privacy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// certificates hold what was posted when a campaign's data went: field = the pack's name
// and its last day.
func certificates() store.Table { return store.Records("certificate") }

// certificate is one as it was posted.
type certificate struct {
	Text string     `json:"t"` // all lines but the last, which is the hash
	Day  config.Day `json:"d"` // whose audit chain proves it
}

// Hash is what can be recomputed by hand from a certificate: sha256sum over its lines but the
// last, joined by line breaks, without a final one. The first 16 characters, in fours.
func Hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	s := hex.EncodeToString(sum[:8])
	return s[:4] + "-" + s[4:8] + "-" + s[8:12] + "-" + s[12:]
}

const hashLine = "\n校验码 "

func certField(run config.Run) string { return run.Pack.Name + "/" + string(run.To) }

func certRecord(run config.Run) string { return "销毁证书/" + certField(run) }

// certify deletes the key and posts the certificate.
func (f *Family) certify(d *handlers.Desk, run config.Run, e ending) handlers.Outcome {
	total := 0
	var parts, names []string
	for name, n := range e.Before {
		names = append(names, name)
		total += n
	}
	slices.Sort(names)
	for _, name := range names {
		parts = append(parts, fmt.Sprintf("%s%d", name, e.Before[name]))
	}
	if len(parts) == 0 {
		parts = []string{"没有"}
	}
	text := strings.Join([]string{
		"【销毁证书】" + d.Street.Name + " " + run.Pack.Title,
		fmt.Sprintf("%s结束，%s 销毁", e.To.Label(), moment(d, d.At.Unix())),
		fmt.Sprintf("销毁前%d条：%s；销毁后0条", total, strings.Join(parts, " ")),
		fmt.Sprintf("密钥 %s 已删除，备份也打不开", e.Print),
		fmt.Sprintf("提出：%s %s；确认：%s %s", title(d, e.By), moment(d, e.At), title(d, e.Second), moment(d, e.Agreed)),
	}, "\n")
	body, err := json.Marshal(certificate{Text: text, Day: d.Day})
	if err != nil {
		panic("privacy: certificate does not encode: " + err.Error())
	}
	e.Stage = stageDone
	out := handlers.Outcome{
		Changes: []store.Change{
			store.ForgetKey(run.Pack.Name), e.change(run.Pack.Name),
			store.Put(certificates(), certField(run), store.Any, string(body)),
		},
		Audit: handlers.Audit{Record: certRecord(run), Rev: e.rev + 1, Values: text},
	}
	say := handlers.Say(text + hashLine + Hash(text))
	for _, kind := range []config.ChatKind{config.ChatDiscipline, config.ChatLeaders} {
		for _, chat := range d.Dir.ChatsOf(d.Street, kind) {
			out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToChat(chat.Name), handlers.Notice, say, d.At))
		}
	}
	for _, id := range []string{e.By, e.Second} {
		out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(id), handlers.Notice, say, d.At))
	}
	return out
}

// showCertificate is /留痕 证书: as it was posted, held against its hash and the audit chain.
func (f *Family) showCertificate(ctx context.Context, c *handlers.Call, name string) (handlers.Outcome, error) {
	run, ok := lastRun(c.Street, name)
	if name == "" && len(c.Street.Runs) == 1 {
		run, ok = c.Street.Runs[0], true
	}
	if !ok {
		return handlers.Outcome{}, handlers.Refuse("哪个专项的证书？", "例：/留痕 证书 疫情防控")
	}
	b := c.Read()
	cell := b.Cell(certificates(), certField(run))
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read certificate: %w", err)
	}
	if cell.Rev == 0 {
		return handlers.Outcome{}, handlers.Refusef("看到了哪一步，发：/结束 "+run.Pack.Title, "%s还没有销毁，没有证书。", run.Pack.Title)
	}
	var cert certificate
	if err := json.Unmarshal([]byte(cell.Value), &cert); err != nil {
		return handlers.Outcome{}, fmt.Errorf("decode certificate: %w", err)
	}
	b = c.Read()
	lines := b.AuditDay(string(cert.Day))
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read audit of %s: %w", cert.Day, err)
	}
	verdict := "和留痕对不上，不能作数"
	for _, l := range *lines {
		if l.Record == certRecord(run) && l.Proves(cert.Text) {
			verdict = fmt.Sprintf("和%s留痕第%d条相符 ✓", cert.Day.Label(), l.N)
		}
	}
	return handlers.Answer(cert.Text + hashLine + Hash(cert.Text) + "，" + verdict), nil
}

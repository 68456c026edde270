package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"juwei/config"
	"juwei/store"
	"juwei/store/storetest"
)

// Thirty days after a campaign that two posts ended nothing of its households is in the store:
// the certificate says what there was, its hash can be recomputed by hand, the audit chain
// agrees with it, and a backup from before opens no more.
func TestACampaignIsErased(t *testing.T) {
	t.Parallel()
	d := startDemo(t, storetest.Start(t), func(s *config.Street) {
		changeStreet(t, s, "until 2020-03-14\nwithout nudge\nwithout remind-chat\nwithout missing")
	})
	p := playerAt(t, "http://"+d.addr, d.app.works().cfg.Streets[0])
	p.demo = d
	s := d.app.works().cfg.Streets[0]
	say := func(from, text string) string {
		p.send(from, from, text, "", "")
		said := ""
		for _, m := range p.messages(0) {
			if m.Chat == from && m.Via != "person" {
				said = m.Text
			}
		}
		return said
	}
	for from, text := range map[string]string{"sj-meiyuan": "/返 6-1203 2 安徽 2.12 自驾", "sj-wenyuan": "/返 5-301 1 湖北 2.12 自驾"} {
		if got := say(from, text); !strings.Contains(got, "颜色→") {
			t.Fatalf("%s: %s", text, got)
		}
	}
	backup := storetest.Dump(t, d.app.store, s.Code)
	if got := say("ld-shuji", "/结束 疫情防控"); !strings.Contains(got, "4月13日销毁") {
		t.Fatalf("start: %s", got)
	}
	if got := say("jw-1", "/结束 疫情防控 确认"); !strings.Contains(got, "4月13日销毁") {
		t.Fatalf("confirm: %s", got)
	}
	p.clock("2020-04-14 09:30")
	seen := ""
	for _, m := range p.messages(0) {
		if m.Chat == "g-jiwei" && strings.Contains(m.Text, "【留痕】2月13日") {
			seen = m.Text
		}
	}
	_, seen, _ = strings.Cut(seen, "2月13日")
	seen, _, _ = strings.Cut(seen, "。")
	heads, err := chainHeads(seen)
	if err != nil || len(heads) != 1 {
		t.Fatalf("the head said on the next morning: %q, %v", seen, err)
	}
	if r, err := d.app.store.Verify(context.Background(), s.Code, "2020-02-13", heads...); err != nil || len(r.Faults) > 0 {
		t.Errorf("against the head that was said: %+v, %v", r, err)
	}
	text := ""
	for _, m := range p.messages(0) {
		if m.Chat == "g-jiwei" && strings.Contains(m.Text, "【销毁证书】") {
			text = m.Text
		}
	}
	body, hash, ok := strings.Cut(text, "\n校验码 ")
	sum := sha256.Sum256([]byte(body))
	if want := hex.EncodeToString(sum[:8]); !ok || strings.ReplaceAll(hash, "-", "") != want {
		t.Errorf("certificate, hash wanted %s:\n%s", want, text)
	}
	if !strings.Contains(body, "住户册2") || !strings.Contains(body, "销毁后0条") || !strings.Contains(body, "街道书记") || !strings.Contains(body, "纪工委一") {
		t.Errorf("certificate:\n%s", body)
	}
	if got := say("jw-2", "/留痕 证书 疫情防控"); !strings.Contains(got, "相符 ✓") {
		t.Errorf("the certificate again:\n%s", got)
	}
	b := d.app.store.Read(s.Code)
	left := b.Traces("epidemic")
	if err := b.Run(context.Background()); err != nil || len(*left) > 0 {
		t.Errorf("left: %+v, %v", *left, err)
	}
	if text := fmt.Sprint(storetest.Dump(t, d.app.store, s.Code)); strings.Contains(text, "reg/epidemic/户册") && strings.Contains(text, "\x00s") && strings.Contains(text, "6-1203") {
		t.Error("the register is still there")
	}
	// The backup comes back, and says nothing.
	c, ctx := storetest.Client(t, d.app.store), context.Background()
	name := store.Records("reg/epidemic/户册")
	fields, _ := backup[name.String()].(map[string]string)
	if len(fields) != 2 {
		t.Fatalf("the backup has %d households", len(fields))
	}
	for field, cell := range fields {
		if err := c.HSet(ctx, "{"+s.Code+"}:"+name.String(), field, cell).Err(); err != nil {
			t.Fatal(err)
		}
	}
	b = d.app.store.Read(s.Code)
	cells := b.All(name)
	if err := b.Run(ctx); err != nil {
		t.Fatal(err)
	}
	for _, cell := range *cells {
		if !cell.Lost || cell.Value != "" {
			t.Errorf("restored: %+v", cell)
		}
	}
	for _, day := range []string{"2020-02-13", "2020-04-13", "2020-04-14"} {
		if r, err := d.app.store.Verify(ctx, s.Code, day); err != nil || len(r.Faults) > 0 {
			t.Errorf("the chain of %s: %+v, %v", day, r, err)
		}
	}
}

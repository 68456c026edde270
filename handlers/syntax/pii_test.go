package syntax

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func showFindings(s string) string {
	var p []string
	for _, f := range PII(s) {
		p = append(p, f.Kind+" "+s[f.Start:f.End])
	}
	return strings.ReplaceAll(strings.Join(p, "; "), "\n", "⏎")
}

func TestPIITable(t *testing.T) {
	t.Parallel()
	checkTable(t, "pii.txt", showFindings)
	for _, r := range rows(t, "pii.txt") {
		if r.want == "" {
			t.Errorf("nothing found in %q", r.in)
		}
		if c := Clean(r.in); len(PII(c)) > 0 {
			t.Errorf("Clean(%q) = %q", r.in, c)
		}
	}
}

func TestPIILookAlikes(t *testing.T) {
	t.Parallel()
	for _, r := range rows(t, "lookalikes.txt") {
		if got := showFindings(r.in); got != "" {
			t.Errorf("%q: found %s", r.in, got)
		}
		if got := showFindings("　" + r.in + "，"); got != "" {
			t.Errorf("%q between marks: found %s", r.in, got)
		}
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"今天湖北回来一个 31010119900230123X 13800138000 住5号301": "今天湖北回来一个 住5号301",
		"新返３　重点1":                     "新返3 重点1",
		"电话13800138000，收到":            "电话 ,收到",
		"138 138 0013 8000 0013 8000": "138 0013 8000",
		"第一行 13800138000\n第二行":        "第一行\n第二行",
	} {
		if in == "138 138 0013 8000 0013 8000" { // what closes up after the first round goes too
			want = ""
		}
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

// FuzzPII: offsets are sound and in order, a clean text is clean and stays as it is, and
// hiding a number behind invisible characters does not help.
func FuzzPII(f *testing.F) {
	for _, name := range []string{"pii.txt", "lookalikes.txt"} {
		for _, r := range rows(f, name) {
			f.Add(r.in)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		last := 0
		for _, x := range PII(s) {
			if x.Start < last || x.End <= x.Start || x.End > len(s) || !slices.Contains([]string{IDNumber, Mobile, BankCard, Document, PersonIll, PersonNamed}, x.Kind) {
				t.Fatalf("%q: %+v after %d", s, x, last)
			}
			last = x.End
		}
		c := Clean(s)
		if got := PII(c); len(got) > 0 {
			t.Fatalf("Clean(%q) = %q, which has %+v", s, c, got)
		}
		if again := Clean(c); again != c {
			t.Fatalf("Clean(%q) = %q, then %q", s, c, again)
		}
		if !utf8.ValidString(s) {
			return
		}
		hidden := strings.Join(strings.Split(s, ""), "\u200b")
		if a, b := len(PII(s)), len(PII(hidden)); a != b {
			t.Fatalf("%q: %d findings, %d with zero-width spaces", s, a, b)
		}
	})
}

func BenchmarkPII(b *testing.B) {
	for name, line := range map[string]string{
		"free":  "新返3 重点1 新隔1 解除2 在隔9 发热0 未联系14",
		"found": "今天湖北回来一个 31010119900230123X 13800138000 住5号301",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				PII(line)
			}
		})
	}
}

package syntax

import (
	"math/rand/v2"
	"testing"
)

// The short way to normalise says what the long way says, wherever it says anything.
func TestNarrow(t *testing.T) {
	t.Parallel()
	runes := []rune("日报新返重点在隔ａＺ０９（）：，。、！？～＃＋－／\u3000\u2005\u00a0 \n~!az09:;,.-+/()")
	rng := rand.New(rand.NewPCG(4, 13))
	for range 20000 {
		line := make([]rune, rng.IntN(12))
		for i := range line {
			line[i] = runes[rng.IntN(len(runes))]
		}
		s := string(line)
		if got, ok := narrow(s); !ok || got != compose(s) {
			t.Fatalf("%q: short %q, long %q", s, got, compose(s))
		}
	}
	for _, s := range []string{"①新返", "新返\u200b3", "e\u0301", "＇\u0301", "㎡", "３️⃣", "\xff", "\r\n"} {
		if got, ok := narrow(s); ok {
			t.Errorf("%q is not for the short way: %q", s, got)
		}
	}
}

package handlers

import "testing"

// A forecast speaks of a wave, and of nothing else (card S29: 88 61 140⚠ 72).
func TestForecast(t *testing.T) {
	t.Parallel()
	if got := wave("2020-02-14", []int{88, 61, 140, 72, 60, 50, 40}).Text; got != "计划返 2.16 140人，比平常多，请早排人手" {
		t.Errorf("said %q", got)
	}
	for _, even := range [][]int{nil, {0, 0, 0}, {20, 22, 19, 21, 20, 20, 20}, {0, 9, 0, 0, 0, 0, 0}} {
		if p := wave("2020-02-14", even); p.Text != "" {
			t.Errorf("%v is no wave: %q", even, p.Text)
		}
	}
}

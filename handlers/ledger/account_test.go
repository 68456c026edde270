package ledger

import (
	"slices"
	"testing"

	"juwei/handlers"
)

// Three forms of 19 fields, 41 of them there already: 16 of 57 were typed, split by office,
// the heaviest first.
func TestAccount(t *testing.T) {
	t.Parallel()
	var s sums
	for _, l := range []handlers.Load{
		{Office: "服务办", Reports: 1, Typed: 3, Prefilled: 16},
		{Office: "平安办", Reports: 1, Typed: 12, Prefilled: 7, Pushes: 2},
		{Office: "管理办", Reports: 1, Typed: 1, Prefilled: 18},
	} {
		s = s.plus(l)
	}
	s = s.plus(handlers.Load{Office: "管理办", Pushes: 1})
	slices.SortStableFunc(s, heavier)
	want := []string{
		"平安办：收1份，手填12项、自动带出7项，推送2条",
		"服务办：收1份，手填3项、自动带出16项",
		"管理办：收1份，手填1项、自动带出18项，推送1条",
		"合计：要57项，手填16，自动带出41；每居民区每天约4.1分钟（估算）",
	}
	if got := s.lines(1, 1); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if got := (sums{}).lines(19, 7); !slices.Equal(got, []string{"没有要过数。"}) {
		t.Errorf("nothing reads %q", got)
	}
}

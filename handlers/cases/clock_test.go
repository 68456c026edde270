package cases

import (
	"math/rand/v2"
	"testing"
	"time"

	"juwei/config"
)

// What add puts on the clock, between finds again and before takes off.
func TestClock(t *testing.T) {
	t.Parallel()
	s := &config.Street{Location: time.FixedZone("CST", 8*3600)}
	at := func(text string) time.Time {
		when, err := time.ParseInLocation("2006-01-02 15:04", text, s.Location)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	work := clock{street: s, work: true, from: 8 * 60, to: 20 * 60}
	for _, tt := range []struct {
		from, length, want string
	}{
		{"2020-02-13 15:00", "4h", "2020-02-13 19:00"},
		{"2020-02-13 22:40", "4h", "2020-02-14 12:00"},
		{"2020-02-13 18:00", "4h", "2020-02-14 10:00"},
		{"2020-02-13 05:00", "24h", "2020-02-14 20:00"},
	} {
		d, err := time.ParseDuration(tt.length)
		if err != nil {
			t.Fatal(err)
		}
		if got := work.add(at(tt.from), d); !got.Equal(at(tt.want)) {
			t.Errorf("%s and %s is %s, want %s", tt.from, tt.length, got, tt.want)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		c := work
		c.work = r.IntN(2) == 0
		from := at("2020-02-13 00:00").Add(time.Duration(r.IntN(72*60)) * time.Minute)
		d := time.Duration(1+r.IntN(60*60)) * time.Minute
		to := c.add(from, d)
		if got := c.between(from, to); got != d {
			t.Fatalf("%v: %s and %s is %s, between which lie %s", c.work, from, d, to, got)
		}
		if got := c.between(c.before(to, d), to); got != d {
			t.Fatalf("%v: %s before %s lies %s", c.work, d, to, got)
		}
	}
}

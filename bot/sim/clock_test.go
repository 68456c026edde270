package sim_test

import (
	"bufio"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

// follow gives a tick for each change the simulator tells its page.
func (s *street) follow() <-chan bool {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+"/sim/events", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	out := make(chan bool, 1000)
	go func() {
		defer resp.Body.Close()
		defer close(out)
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "event: ") {
				out <- true
			}
		}
	}()
	return out
}

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, "2020-02-"+text+"+08:00")
	if err != nil {
		panic(err)
	}
	return t
}

func TestClockStepsFromDueToDue(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.due = []time.Time{at("13T16:30:00"), at("13T17:00:00"), at("14T07:30:00"), at("14T08:00:00")}
	out := s.post("/sim/clock", map[string]any{"set": "2020-02-14T07:31:00+08:00"})
	s.want("now", out["now"], "2020-02-14T07:31:00+08:00")
	s.want("next", out["next"], "2020-02-14T08:00:00+08:00")
	var got []string
	for _, m := range s.settled {
		got = append(got, m.Format("02T15:04"))
	}
	s.want("settled at", got, []string{"13T15:00", "13T16:30", "13T17:00", "14T07:30", "14T07:31"})
}

func TestClockAdvance(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.want("90m", s.post("/sim/clock", map[string]any{"advance": "90m"})["now"], "2020-02-13T16:30:00+08:00")
	s.want("1d", s.post("/sim/clock", map[string]any{"advance": "1d"})["now"], "2020-02-14T16:30:00+08:00")
	s.want("back", s.post("/sim/clock", map[string]any{"set": "2020-02-14T07:30:00Z"})["now"], "2020-02-14T15:30:00+08:00")
	s.want("state", s.get("/sim/state")["now"], "2020-02-14T15:30:00+08:00")
	for _, body := range []string{`{"advance":"soon"}`, `{"set":"tomorrow"}`, `{}`, `[`} {
		if status, _ := s.do(http.MethodPost, "/sim/clock", body); status != http.StatusBadRequest {
			t.Errorf("clock %s = %d", body, status)
		}
	}
}

func TestClockNext(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.due = []time.Time{at("13T16:30:00")}
	s.want("next", s.post("/sim/clock", map[string]any{"next": true})["now"], "2020-02-13T16:30:00+08:00")
	s.want("nothing more", s.post("/sim/clock", map[string]any{"next": true})["now"], "2020-02-13T16:30:00+08:00")
}

func TestClockDoesNotGoInCircles(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.stuck = true
	s.want("now", s.post("/sim/clock", map[string]any{"advance": "7d"})["now"], "2020-02-20T15:00:00+08:00")
	if n := len(s.settled); n > 1000 {
		t.Errorf("settled %d times", n)
	}
}

func TestClockMovesThoughTheHouseIsDown(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.asleep = errors.New("house is down")
	out := s.post("/sim/clock", map[string]any{"advance": "1h"})
	s.want("now", out["now"], "2020-02-13T16:00:00+08:00")
	if out["error"] == nil {
		t.Error("the house's error is not shown")
	}
}

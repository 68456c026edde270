package main

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"juwei/store"
)

// stale is how old the loop's last successful turn may be before the bot counts as ill.
const stale = 30 * time.Second

// adminRoutes are /healthz, /readyz and /metrics, for the machine's own network only.
func (a *app) adminRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", a.healthz)
	mux.HandleFunc("GET /readyz", a.readyz)
	mux.Handle("GET /metrics", a.metrics.handler())
}

// healthz is green while the loop turns, whether or not Redis answers: a restart would
// not mend Redis.
func (a *app) healthz(w http.ResponseWriter, r *http.Request) {
	a.health(w, r, func(_, _, alive bool) bool { return alive })
}

// readyz is green while messages would be answered and stored. It shows which
// configuration runs.
func (a *app) readyz(w http.ResponseWriter, r *http.Request) {
	a.health(w, r, func(redis, working, alive bool) bool { return redis && working && alive })
}

func (a *app) health(w http.ResponseWriter, r *http.Request, green func(redis, working, alive bool) bool) {
	ctx, cancel := context.WithTimeout(r.Context(), budgetRedis)
	defer cancel()
	redis := a.store.Ping(ctx) == nil
	working := time.Since(time.Unix(a.beat.Load(), 0)) < stale
	alive := time.Since(time.Unix(a.pulse.Load(), 0)) < stale
	out := map[string]any{"redis": redis, "working": working, "alive": alive, "config": a.works().cfg.Digest, "version": version()}
	if restart := a.works().restart; len(restart) > 0 {
		out["restart"] = restart // what the files say and only a restart puts in force
	}
	if a.holder != nil {
		out["longconn"] = a.holder.view()
	}
	status := http.StatusOK
	if !green(redis, working, alive) {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, out)
}

// houseRoutes let a simulator move the clock. They exist only when the configuration
// names a simulator on this machine.
func (a *app) houseRoutes(mux *http.ServeMux, c *movedClock) {
	mux.HandleFunc("POST /house/settle", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Now time.Time `json:"now"`
		}
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<12)).Decode(&in); err != nil || in.Now.IsZero() {
			http.Error(w, "now", http.StatusBadRequest)
			return
		}
		c.Set(in.Now)
		next, err := a.turn(r.Context(), in.Now)
		if err != nil {
			a.log.Warn("turn failed", "err", err)
			http.Error(w, "turn failed", http.StatusServiceUnavailable)
			return
		}
		writeJSON(w, http.StatusOK, settled{Next: next})
	})
	mux.HandleFunc("GET /house/outbox", func(w http.ResponseWriter, r *http.Request) {
		out, err := a.outbox(r.Context())
		if err != nil {
			http.Error(w, "outbox", http.StatusServiceUnavailable)
			return
		}
		writeJSON(w, http.StatusOK, out)
	})
}

// settled is what a simulator hears back.
type settled struct {
	Next time.Time `json:"next,omitzero"`
}

// outboxView is what waits, was sent, is unknown, is dead.
type outboxView struct {
	Waiting []outboxEntry `json:"waiting"`
	Sent    []outboxEntry `json:"sent"`
	Unknown []outboxEntry `json:"unknown"`
	Dead    []outboxEntry `json:"dead"`
	Dropped []outboxEntry `json:"dropped"`
}

type outboxEntry struct {
	N       int64     `json:"n"`
	Street  string    `json:"street"`
	To      string    `json:"to"`
	Kind    string    `json:"kind"`
	State   string    `json:"state"`
	Reason  string    `json:"reason,omitempty"`
	At      time.Time `json:"at"`
	Attempt int       `json:"attempt,omitempty"`
}

func (a *app) outbox(ctx context.Context) (outboxView, error) {
	v := outboxView{Waiting: []outboxEntry{}, Sent: []outboxEntry{}, Unknown: []outboxEntry{}, Dead: []outboxEntry{}, Dropped: []outboxEntry{}}
	for _, s := range a.works().dir.Streets() {
		entries, err := a.store.Outbox(ctx, s.Code, string(s.Day(a.clock.Now())))
		if err != nil {
			return v, err
		}
		for _, e := range entries {
			out := outboxEntry{e.N, s.Code, e.To, e.Kind, string(e.State), e.Reason, e.At.In(s.Location), e.Attempt}
			switch e.State {
			case store.StateSent:
				v.Sent = append(v.Sent, out)
			case store.StateUnknown:
				v.Unknown = append(v.Unknown, out)
			case store.StateDead:
				v.Dead = append(v.Dead, out)
			case store.StateDropped:
				v.Dropped = append(v.Dropped, out)
			default:
				v.Waiting = append(v.Waiting, out)
			}
		}
	}
	return v, nil
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	// A client that has gone away is no error of ours.
	_ = enc.Encode(v)
}

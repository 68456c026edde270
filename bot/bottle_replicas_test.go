package main

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"juwei/bot/sim"
	"juwei/config"
	"juwei/store/storetest"
)

// The same thirty days with two replicas on one Redis, behind a balancer that sends every
// fourth message to both at the same moment. Both deliver and both look for duties at every
// step of the clock; every fourth day one of them is stopped and another starts. The same
// record decides.
func TestStreetInABottleWithTwoReplicas(t *testing.T) {
	t.Parallel()
	server := storetest.Start(t)
	cfg, err := config.Demo(known())
	if err != nil {
		t.Fatal(err)
	}
	street := cfg.Streets[0]
	street.Code = storetest.Street(t)
	at, err := parseAt(demoStart)
	if err != nil {
		t.Fatal(err)
	}
	houses := &replicasHouse{remoteHouse: newRemoteHouse(street, cfg.Bot.WeCom.Bot.Name)}
	base, tenant := startSim(t, sim.Options{House: houses, At: at})
	useTenant(cfg, tenant, base)
	cfg.Bot.Simulator = base
	p := &player{t: t, base: base, names: map[string]string{}, ids: map[string]string{}}

	balancer := &balancer{}
	front := httptest.NewServer(balancer)
	t.Cleanup(front.Close)
	started := 0
	start := func() {
		r := startReplica(t, cfg, server.Open(t), at, string(rune('a'+started)))
		started++
		houses.add(r)
		balancer.turnTo(houses.replicas)
	}
	start()
	if err := seed(t.Context(), houses.replicas[0].works().router, houses.replicas[0].store, street, street.Day(at)); err != nil {
		t.Fatal(err)
	}
	start()
	if err := announce(t.Context(), cfg, front.URL, base); err != nil {
		t.Fatal(err)
	}
	liveInABottle(&bottle{
		t: t, p: p, rnd: rand.New(rand.NewPCG(2, 30)), street: street, store: server.Open(t), now: at,
		newDay: func(i int) {
			if i%4 != 3 {
				return
			}
			at = houses.replicas[0].clock.Now()
			start()
			old := houses.replicas[0]
			houses.replicas, houses.houses = houses.replicas[1:], houses.houses[1:]
			balancer.turnTo(houses.replicas)
			if err := old.end.run(); err != nil {
				t.Errorf("stop: %v", err)
			}
		},
	})
}

// balancer is a gateway in front of replicas: each call goes to the next of them, every
// fourth to all at once, of which the last answer counts.
type balancer struct {
	mu       sync.Mutex
	calls    int
	replicas []string
}

func (b *balancer) turnTo(replicas []*replica) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.replicas = nil
	for _, r := range replicas {
		b.replicas = append(b.replicas, r.addr)
	}
}

// next are the replicas for one call.
func (b *balancer) next() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls++
	if b.calls%4 == 0 {
		return slices.Clone(b.replicas)
	}
	return []string{b.replicas[b.calls%len(b.replicas)]}
}

func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	type answer struct {
		status int
		body   []byte
	}
	to := b.next()
	answers := make([]answer, len(to))
	var wg sync.WaitGroup
	for i, addr := range to {
		wg.Go(func() {
			answers[i].status = http.StatusBadGateway
			req, err := http.NewRequestWithContext(r.Context(), r.Method, addr+r.URL.RequestURI(), bytes.NewReader(body))
			if err != nil {
				return
			}
			req.Header = r.Header.Clone()
			resp, err := directClient.Do(req)
			if err != nil {
				return
			}
			defer resp.Body.Close()
			answers[i].status = resp.StatusCode
			answers[i].body, _ = io.ReadAll(resp.Body)
		})
	}
	wg.Wait()
	last := answers[len(answers)-1]
	w.WriteHeader(last.status)
	w.Write(last.body) //nolint:errcheck // whoever called has gone
}

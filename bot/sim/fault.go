package sim

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The kinds of scripted fault.
const (
	faultLatency = "latency"       // value ms of machine time before the call is served
	faultDrop    = "drop_response" // served and recorded, then the connection ends without an answer
	faultErrcode = "errcode"       // not served; answers value
	faultHTTP    = "http"          // not served; answers HTTP status value with an HTML body
	faultReset   = "reset"         // not served; the connection is reset
	faultNone    = "none"          // takes back the endpoint's faults
)

// fault strikes the next count calls of an endpoint: the path after cgi-bin/, "ws"
// (any frame but ping), "ws/CMD" (frames of that cmd), "callback/bot" or "callback/app"
// (there latency; drop_response: the bot's answer is lost; reset: the bot hears nothing).
type fault struct {
	Endpoint string `json:"endpoint"`
	Kind     string `json:"kind"`
	Value    int    `json:"value"`
	Count    int    `json:"count"` // calls it strikes; 0 = one, negative = all
}

func (f *fault) check() error {
	switch {
	case f.Endpoint == "":
		return errors.New("endpoint 不能空")
	case !slices.Contains([]string{faultLatency, faultDrop, faultErrcode, faultHTTP, faultReset, faultNone}, f.Kind):
		return errors.New("kind 只能是 latency、drop_response、errcode、http、reset、none")
	case strings.HasPrefix(f.Endpoint, "callback/") && (f.Kind == faultErrcode || f.Kind == faultHTTP):
		return errors.New("回调只能 latency、drop_response、reset、none")
	case f.Kind == faultHTTP && (f.Value < 200 || f.Value > 599):
		return errors.New("http 的 value 是 200–599 的状态码")
	case f.Kind == faultLatency && f.Value < 0:
		return errors.New("latency 的 value 是毫秒数")
	}
	return nil
}

func (s *Sim) addFault(f fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Kind == faultNone {
		s.faults = slices.DeleteFunc(s.faults, func(g *fault) bool { return g.Endpoint == f.Endpoint })
		return
	}
	if f.Count == 0 {
		f.Count = 1
	}
	s.faults = append(s.faults, &f)
}

// strike takes the oldest fault waiting at an endpoint, or nil.
func (s *Sim) strike(endpoint string) *fault {
	return s.strikeIf(func(f *fault) bool { return f.Endpoint == endpoint })
}

// strikeIf takes the oldest fault that fits, or nil.
func (s *Sim) strikeIf(fits func(*fault) bool) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.faults, fits)
	if i < 0 {
		return nil
	}
	f := s.faults[i]
	if f.Count > 0 {
		if f.Count--; f.Count == 0 {
			s.faults = slices.Delete(s.faults, i, i+1)
		}
	}
	struck := *f
	return &struck
}

// pause waits out a latency, or until ctx ends.
func pause(ctx context.Context, f *fault) {
	if f == nil || f.Kind != faultLatency {
		return
	}
	timer := time.NewTimer(time.Duration(f.Value) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// reset ends the connection the hard way.
func reset(w http.ResponseWriter) {
	raw, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // net/http's own way to cut an answer short
	}
	if tcp, ok := raw.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	raw.Close()
}

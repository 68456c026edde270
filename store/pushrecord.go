package store

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The record of a push, as the value of its cell. Names are escaped like those of an audit
// line; the body comes last and is whatever it is, maybe sealed.
//
//	state|attempt|priority|due|notbefore|expires|created|said|unsure|hop|begun|from|kind|to|campaign|owner|reason|body
//
// Times are Unix ms, 0 for none. A settled push leaves one line in the log of its day:
//
//	number|state|attempt|at|kind|to|reason
const (
	pushFields = 18
	logFields  = 7
)

// maxPriority keeps priorities short and comparable.
const maxPriority = 999

func (s *Store) encodePush(c *call, a *Act, p *Push) error {
	if p.To == "" || p.Priority < 0 || p.Priority > maxPriority {
		return fmt.Errorf("push to %q with priority %d", p.To, p.Priority)
	}
	due := a.At
	if p.NotBefore.After(due) {
		due = p.NotBefore
	}
	record, err := s.pushRecord(a.Street, &Waiting{Push: *p, State: StateWaiting, Due: due, Created: a.At}, "")
	if err != nil {
		return fmt.Errorf("push to %s: %w", p.To, err)
	}
	c.add("Q", c.key(pushes().name), c.key(pushDueName), c.key(pushCountName),
		strconv.Itoa(p.Priority), strconv.FormatInt(due.UnixMilli(), 10), record)
	return nil
}

// pushRecord writes a push. Its number is not known when it is first written, so a sealed
// body is bound to whom it is for and what it is.
func (s *Store) pushRecord(street string, w *Waiting, owner string) (string, error) {
	p := &w.Push
	body := ""
	if !w.Lost {
		var err error
		if body, err = s.closed(string(p.Body), p.Campaign, street, pushes().name, p.To+"\x00"+p.Kind); err != nil {
			return "", fmt.Errorf("seal body: %w", err)
		}
	}
	b := make([]byte, 0, 128+len(p.Kind)+len(p.To)+len(p.Campaign)+len(w.Reason)+len(body))
	b = append(b, w.State...)
	for _, n := range [...]int64{
		int64(w.Attempt), int64(p.Priority), millis(w.Due), millis(p.NotBefore), millis(p.Expires), millis(w.Created),
		int64(w.Said), int64(w.Unsure), int64(w.Hop), millis(w.Begun), p.From,
	} {
		b = append(b, '|')
		b = strconv.AppendInt(b, n, 10)
	}
	for _, name := range [...]string{p.Kind, p.To, p.Campaign, owner, w.Reason} {
		b = append(b, '|')
		b = append(b, escape(name)...)
	}
	b = append(b, '|')
	b = append(b, body...)
	return string(b), nil
}

// parsePush reads a push as a whole.
func (s *Store) parsePush(cell, street string, n int64) (Waiting, error) {
	w, body, err := parseHead(cell, n)
	if err != nil {
		return w, err
	}
	return w, s.openBody(&w, body, street)
}

// parseHead reads everything but the body.
func parseHead(cell string, n int64) (w Waiting, body string, err error) {
	damaged := fmt.Errorf("%w: push %d", ErrDamaged, n)
	head, value, _ := strings.Cut(cell, "|")
	rev, err := strconv.Atoi(head)
	f := strings.SplitN(value, "|", pushFields)
	if err != nil || len(f) != pushFields {
		return Waiting{}, "", damaged
	}
	var nums [11]int64
	for i := range nums {
		if nums[i], err = strconv.ParseInt(f[1+i], 10, 64); err != nil {
			return Waiting{}, "", damaged
		}
	}
	return Waiting{
		N: n, State: State(f[0]), Attempt: int(nums[0]), Rev: rev,
		Due: moment(nums[2]), Created: moment(nums[5]), Reason: unescaper.Replace(f[16]),
		Said: int(nums[6]), Unsure: int(nums[7]), Hop: int(nums[8]), Begun: moment(nums[9]),
		Push: Push{
			Priority: int(nums[1]), NotBefore: moment(nums[3]), Expires: moment(nums[4]), From: nums[10],
			Kind: unescaper.Replace(f[12]), To: unescaper.Replace(f[13]), Campaign: unescaper.Replace(f[14]),
		},
	}, f[17], nil
}

func (s *Store) openBody(w *Waiting, sealed, street string) error {
	body, lost, err := s.opened(sealed, key(street, pushes().name), w.Push.To+"\x00"+w.Push.Kind)
	if err != nil {
		return fmt.Errorf("push %d: %w", w.N, err)
	}
	w.Lost = lost || w.Push.Campaign != "" && sealed == ""
	if body != "" {
		w.Push.Body = []byte(body)
	}
	return nil
}

func logLine(w *Waiting, at time.Time) string {
	return strings.Join([]string{
		strconv.FormatInt(w.N, 10), string(w.State), strconv.Itoa(w.Attempt), strconv.FormatInt(at.UnixMilli(), 10),
		escape(w.Push.Kind), escape(w.Push.To), escape(w.Reason),
	}, "|")
}

func parseLog(line string) (Entry, error) {
	f := strings.Split(line, "|")
	if len(f) != logFields {
		return Entry{}, fmt.Errorf("%w: push log", ErrDamaged)
	}
	n, err1 := strconv.ParseInt(f[0], 10, 64)
	attempt, err2 := strconv.Atoi(f[2])
	at, err3 := strconv.ParseInt(f[3], 10, 64)
	if err := errors.Join(err1, err2, err3); err != nil {
		return Entry{}, fmt.Errorf("%w: push log: %w", ErrDamaged, err)
	}
	return Entry{
		N: n, State: State(f[1]), Attempt: attempt, At: time.UnixMilli(at),
		Kind: unescaper.Replace(f[4]), To: unescaper.Replace(f[5]), Reason: unescaper.Replace(f[6]),
	}, nil
}

// millis is a time as stored; moment undoes it.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

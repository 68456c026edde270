package store

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Commit does an act as a whole or not at all, in one round trip.
//
// An id done before: the first reply again, nothing changed. A guard or revision that no
// longer holds: ErrStale, nothing changed. More than MaxOps operations: ErrTooLarge.
// ErrUnavailable leaves open whether it was done: committing the same id again tells.
func (s *Store) Commit(ctx context.Context, a Act) (Done, error) {
	what := "commit " + a.ID
	if err := checkStreet(a.Street); err != nil {
		return Done{}, fmt.Errorf("%s: %w", what, err)
	}
	c := newCall(a.Street)
	defer c.free()
	if err := s.encode(c, &a); err != nil {
		return Done{}, fmt.Errorf("%s: %w", what, err)
	}
	if err := s.forget(&a); err != nil {
		return Done{}, fmt.Errorf("%s: %w", what, err)
	}
	r, err := c.run(ctx, &s.convoy)
	if err != nil {
		return Done{}, failed(what, err)
	}
	if !r.again {
		s.learn(&a)
		return Done{Reply: a.Reply, Pushes: numbers(r.firstPush, r.pushes)}, nil
	}
	done, err := s.remembered(r.record, key(a.Street, doneName(a.ID)))
	if err != nil {
		return Done{}, fmt.Errorf("%s: %w", what, err)
	}
	return done, nil
}

// encode lays the act out as operations of the script.
func (s *Store) encode(c *call, a *Act) error {
	ops := len(a.Require) + len(a.Changes) + len(a.Pushes)
	if a.Line != nil {
		ops++
	}
	if ops > MaxOps {
		return fmt.Errorf("%w: %d", ErrTooLarge, ops)
	}
	if a.ID != "" {
		if err := s.encodeDone(c, a); err != nil {
			return err
		}
	}
	encodeFacts(c, a)
	for _, g := range a.Require {
		if g.Table.name == "" || g.Rev < 0 {
			return fmt.Errorf("guard on %q, revision %d", g.Table.name, g.Rev)
		}
		if a.implied(g) {
			continue
		}
		c.add("G", c.key(g.Table.name), g.Field, strconv.Itoa(g.Rev))
	}
	if err := checkOnce(a.Changes); err != nil {
		return err
	}
	for i := range a.Changes {
		if err := s.encodeChange(c, a.Street, &a.Changes[i]); err != nil {
			return err
		}
	}
	for i := range a.Pushes {
		if err := s.encodePush(c, a, &a.Pushes[i]); err != nil {
			return err
		}
	}
	if a.Line != nil {
		return s.encodeLine(c, a)
	}
	return nil
}

// learn remembers what an act that was done has put: the next one may rest on it.
func (s *Store) learn(a *Act) {
	for i := range a.Changes {
		ch := &a.Changes[i]
		if !ch.table.recalled() {
			continue
		}
		k, raw := key(a.Street, ch.table.name), something
		switch {
		case ch.op == opDelete:
			raw = ""
		case (ch.op == opPut || ch.op == opKeep) && ch.rev != Any && ch.campaign == "":
			raw = strconv.Itoa(ch.rev+1) + "|" + ch.value
		}
		s.remember(ch.table, k, ch.field, raw)
	}
}

func (s *Store) encodeDone(c *call, a *Act) error {
	name := doneName(a.ID)
	reply, err := s.closed(string(a.Reply), a.SealReply, a.Street, name, "")
	if err != nil {
		return fmt.Errorf("seal reply: %w", err)
	}
	c.argv[0], c.argv[1], c.argv[2] = c.key(name), reply, seconds(keepDone)
	return nil
}

func (s *Store) encodeChange(c *call, street string, ch *Change) error {
	if ch.rev < Any {
		return fmt.Errorf("change %s %s: revision %d", ch.table.name, ch.field, ch.rev)
	}
	switch ch.op {
	case opPut, opKeep:
		k := c.key(ch.table.name)
		value, err := s.closed(ch.value, ch.campaign, street, ch.table.name, ch.field)
		if err != nil {
			return fmt.Errorf("seal %s %s: %w", ch.table.name, ch.field, err)
		}
		if ch.op == opPut {
			c.add("P", k, ch.field, strconv.Itoa(ch.rev), value, seconds(ch.table.keep))
		} else {
			c.add("K", k, ch.field, strconv.Itoa(ch.rev), value, seconds(ch.table.keep), c.key(ch.log.name), seconds(ch.log.keep))
		}
	case opCount:
		encodeCount(c, ch)
	case opDelete:
		c.add("D", c.key(ch.table.name), ch.field, strconv.Itoa(ch.rev))
	case opDue:
		c.add("Z", c.key(dueName), ch.field, strconv.FormatInt(ch.score, 10))
	case opUndue:
		c.add("X", c.key(dueName), ch.field)
	case opErase, opTrace, opForget:
		encodeErase(c, ch)
	case opCancel:
		number, _, _ := strings.Cut(ch.line, "|")
		c.add("D", c.key(pushes().name), number, strconv.Itoa(ch.rev))
		c.add("X", c.key(pushDueName), ch.field)
		c.add("L", c.key(ch.log.name), ch.line, seconds(keepWeek))
	default:
		return fmt.Errorf("change made by nobody")
	}
	return nil
}

// checkOnce refuses two changes of one cell: each was decided on what was there before,
// so the second would silently undo the first.
func checkOnce(changes []Change) error {
	same := func(a, b *Change) bool {
		return a.op <= opDelete && b.op <= opDelete && a.table.name == b.table.name && a.field == b.field
	}
	if len(changes) <= 12 {
		for i := range changes {
			for j := range i {
				if same(&changes[i], &changes[j]) {
					return fmt.Errorf("two changes of %s %s", changes[i].table.name, changes[i].field)
				}
			}
		}
		return nil
	}
	type place struct{ table, field string }
	seen := make(map[place]bool, len(changes))
	for _, ch := range changes {
		if p := (place{ch.table.name, ch.field}); ch.op <= opDelete {
			if seen[p] {
				return fmt.Errorf("two changes of %s %s", p.table, p.field)
			}
			seen[p] = true
		}
	}
	return nil
}

// doneName is where the reply to an id is remembered. Any id will do; a long one is
// remembered by its digest.
func doneName(id string) string {
	if len(id) <= 128 {
		return "done:" + id
	}
	sum := sha256.Sum256([]byte(id))
	return "done:sha256:" + hex.EncodeToString(sum[:])
}

// remembered reads "<first push>,<pushes>|<reply>".
func (s *Store) remembered(record, key string) (Done, error) {
	head, reply, ok := strings.Cut(record, "|")
	first, count, ok2 := strings.Cut(head, ",")
	f, err := strconv.ParseInt(first, 10, 64)
	n, err2 := strconv.ParseInt(count, 10, 64)
	if !ok || !ok2 || err != nil || err2 != nil {
		return Done{}, fmt.Errorf("%w: remembered reply", ErrDamaged)
	}
	plain, lost, err := s.opened(reply, key, "")
	if err != nil {
		return Done{}, err
	}
	d := Done{Again: true, Pushes: numbers(f, n)}
	if !lost && plain != "" {
		d.Reply = []byte(plain)
	}
	return d, nil
}

func numbers(first, count int64) []int64 {
	if count == 0 {
		return nil
	}
	ns := make([]int64, count)
	for i := range ns {
		ns[i] = first + int64(i)
	}
	return ns
}

// seconds is a lifetime as the script wants it. Common ones cost nothing.
func seconds(d time.Duration) string {
	switch d {
	case 0:
		return "0"
	case keepLong:
		return "63072000"
	case keepWeek:
		return "604800"
	case keepDone:
		return "86400"
	}
	return strconv.FormatInt(int64(d/time.Second), 10)
}

// call is one run of the script, being put together. It is pooled: args holds pointers
// into keys and argv, so that nothing is boxed on the way to the socket.
type call struct {
	street string
	names  []string // of keys, without the street
	keys   []string
	argv   []string
	args   []any
}

// result is what the script returned.
type result struct {
	again             bool
	record            string // when again
	firstPush, pushes int64
	retryAt           int64 // ms; 0: the permit was given
}

var calls = sync.Pool{New: func() any { return new(call) }}

func newCall(street string) *call {
	c := calls.Get().(*call)
	c.street = street
	c.argv = append(c.argv, "0", "", "0")
	return c
}

func (c *call) free() {
	clear(c.names)
	clear(c.keys)
	clear(c.argv)
	clear(c.args)
	if cap(c.argv) > 4096 {
		return // one huge act should not stay in memory for good
	}
	c.names, c.keys, c.argv, c.args = c.names[:0], c.keys[:0], c.argv[:0], c.args[:0]
	calls.Put(c)
}

// key returns the index of a key of the street, adding it when it is new.
func (c *call) key(name string) string {
	for i, n := range c.names {
		if n == name {
			return strconv.Itoa(i + 1)
		}
	}
	c.names = append(c.names, name)
	c.keys = append(c.keys, key(c.street, name))
	return strconv.Itoa(len(c.keys))
}

func (c *call) add(op string, args ...string) {
	c.argv = append(c.argv, op)
	c.argv = append(c.argv, args...)
}

var (
	commitSHA  = fmt.Sprintf("%x", sha1.Sum([]byte(commitSource)))
	argEvalSHA = any("evalsha")
	argEval    = any("eval")
	argSHA     = any(commitSHA)
	argSource  = any(commitSource)
)

// run sends the script by its digest, and by its text to a Redis that has lost it.
func (c *call) run(ctx context.Context, v *convoy) (result, error) {
	c.args = append(c.args[:0], argEvalSHA, argSHA, strconv.Itoa(len(c.keys)))
	for i := range c.keys {
		c.args = append(c.args, &c.keys[i])
	}
	for i := range c.argv {
		c.args = append(c.args, &c.argv[i])
	}
	cmd := redis.NewSliceCmd(ctx, c.args...)
	v.process(ctx, cmd)
	if redis.HasErrorPrefix(cmd.Err(), "NOSCRIPT") {
		c.args[0], c.args[1] = argEval, argSource
		cmd = redis.NewSliceCmd(ctx, c.args...)
		v.process(ctx, cmd)
	}
	if err := cmd.Err(); err != nil {
		return result{}, err
	}
	return parseResult(cmd.Val())
}

func parseResult(v []any) (result, error) {
	number := func(i int) int64 {
		if i < len(v) {
			if n, ok := v[i].(int64); ok {
				return n
			}
		}
		return -1
	}
	switch number(0) {
	case 0:
		return result{firstPush: number(1), pushes: number(2), retryAt: number(3)}, nil
	case 1:
		if len(v) == 2 {
			if record, ok := v[1].(string); ok {
				return result{again: true, record: record}, nil
			}
		}
	case 2:
		return result{}, ErrStale
	}
	return result{}, fmt.Errorf("%w: answer of the script: %v", ErrDamaged, v)
}

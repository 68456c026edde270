package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// What a fault can be.
const (
	FaultChanged    = "changed"         // the line, or one before it, is not what was written
	FaultMissing    = "missing"         // the line's number does not occur
	FaultMoved      = "out of place"    // the line stands where another should
	FaultUnreadable = "unreadable"      // no line, checkpoint or head has this shape
	FaultCut        = "cut off"         // a checkpoint or the head tells of more lines than there are
	FaultForged     = "forged"          // a checkpoint was not signed with the audit key
	FaultMark       = "mark disagrees"  // a true checkpoint tells of another head, or stands out of order
	FaultMarkGone   = "mark missing"    // the head remembers a checkpoint that is not there
	FaultHead       = "head disagrees"  // the head is not the one the lines lead to
	FaultWitness    = "witness differs" // the head somebody wrote down outside is not the one the lines lead to
)

// Fault is one place where the chain does not hold.
type Fault struct {
	Line int // number of the line, or of the line a checkpoint tells of
	What string
}

// Report is what Verify found. No faults: every line is as it was written, where it was
// written.
type Report struct {
	Lines, Checkpoints int
	Faults             []Fault
}

// Verify reads the audit chain of a day again and recomputes it from the format described
// in audit.go. Between two checkpoints it names the first changed line only, since every
// head after it differs too; a true checkpoint sets it right again. Erased side records
// are no fault. Cutting off lines together with every later checkpoint, and turning the
// head back to one known from a checkpoint, is seen only by whoever holds a head printed
// later: that is why a day's closing head is said outside, and may be given here.
func (s *Store) Verify(ctx context.Context, street, day string, seen ...ChainHead) (Report, error) {
	what := "verify " + street + "/" + day
	if len(s.auditKey) == 0 {
		return Report{}, fmt.Errorf("%s: %w", what, ErrNoAuditKey)
	}
	base := "{" + street + "}:audit:" + part(day)
	var lines, marks *redis.StringSliceCmd
	var head *redis.MapStringStringCmd
	// One transaction: a line that comes in meanwhile must not look like a fault.
	_, err := s.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
		lines, marks = p.LRange(ctx, base, 0, -1), p.LRange(ctx, base+":mark", 0, -1)
		head = p.HGetAll(ctx, base+":head")
		return nil
	})
	if err != nil {
		return Report{}, failed(what, err)
	}
	v := verifier{key: s.auditKey, scope: "\x00" + street + "\x00" + day + "\x00", marks: map[int]string{}, seen: seen}
	v.readMarks(marks.Val())
	v.readLines(lines.Val())
	v.readHead(head.Val())
	v.readSeen()
	return Report{Lines: len(lines.Val()), Checkpoints: len(marks.Val()), Faults: v.faults}, nil
}

// verifier walks a chain once. marks are the heads true checkpoints tell of.
type verifier struct {
	key      []byte
	scope    string
	marks    map[int]string
	seen     []ChainHead // heads, or their first characters, as they were said outside
	lastMark int
	n        int // lines walked
	head     string
	lost     bool // a fault was found and no checkpoint since
	faults   []Fault
}

func (v *verifier) fault(line int, what string) {
	v.faults = append(v.faults, Fault{line, what})
}

func (v *verifier) mac(kind, text string) []byte {
	h := hmac.New(sha256.New, v.key)
	h.Write([]byte(kind + v.scope + text))
	return h.Sum(nil)
}

func (v *verifier) readMarks(marks []string) {
	for _, m := range marks {
		cut := strings.LastIndexByte(m, '|')
		f := strings.Split(m, "|")
		n, err := strconv.Atoi(f[0])
		if cut < 0 || len(f) != 4 || err != nil {
			v.fault(0, FaultUnreadable)
			continue
		}
		want := base64.RawURLEncoding.EncodeToString(v.mac("mark", m[:cut])[:16])
		switch {
		case !hmac.Equal([]byte(want), []byte(f[3])):
			v.fault(n, FaultForged)
		case n <= v.lastMark:
			v.fault(n, FaultMark)
		default:
			v.marks[n], v.lastMark = f[1], n
		}
	}
}

func (v *verifier) readLines(entries []string) {
	numbers := make([]int, len(entries))
	present := make(map[int]bool, len(entries))
	for i, e := range entries {
		if n, err := strconv.Atoi(e[:max(strings.IndexByte(e, '|'), 0)]); err == nil {
			numbers[i], present[n] = n, true
		}
	}
	next, seen := 1, map[int]bool{}
	for i, e := range entries {
		n := numbers[i]
		if seen[n] {
			v.fault(n, FaultMoved)
			v.lost = true
			continue // a copy: the others stand where they should
		}
		seen[n] = n > 0
		for next < n && !present[next] {
			v.fault(next, FaultMissing)
			v.lost = true
			v.pass(next)
			next++
		}
		switch {
		case n == 0:
			v.fault(next, FaultUnreadable)
			v.lost = true
		case n != next:
			v.fault(n, FaultMoved)
			v.lost = true
		default:
			v.link(n, e)
		}
		v.pass(next)
		next++
	}
	v.n = next - 1
}

// link computes the head after one line, and compares what is noted of it.
func (v *verifier) link(n int, entry string) {
	f := strings.SplitN(entry, "|", 3)
	if len(f) != 3 {
		v.fault(n, FaultUnreadable)
		v.lost = true
		return
	}
	sum := sha1.Sum(append([]byte(v.head), v.mac("line", f[2])...))
	v.head = hex.EncodeToString(sum[:])
	if !v.lost && f[1] != v.head[:8] {
		v.fault(n, FaultChanged)
		v.lost = true
	}
}

// readSeen complains of heads said outside that the lines never led to.
func (v *verifier) readSeen() {
	for _, w := range v.seen {
		if w.N > v.n {
			v.fault(w.N, FaultCut)
		}
	}
}

// witness compares with a head that was said outside.
func (v *verifier) witness(n int) {
	for _, w := range v.seen {
		if w.N == n && (v.lost || w.Head == "" || !strings.HasPrefix(v.head, w.Head)) {
			v.fault(n, FaultWitness)
		}
	}
}

// pass compares with the checkpoint of a line, if there is one, and trusts it from there.
func (v *verifier) pass(n int) {
	defer v.witness(n)
	head, ok := v.marks[n]
	if !ok {
		return
	}
	if !v.lost && head != v.head {
		v.fault(n, FaultMark)
	}
	v.head, v.lost = head, false
}

func (v *verifier) readHead(h map[string]string) {
	if v.lastMark > v.n {
		v.fault(v.lastMark, FaultCut)
	}
	if len(h) == 0 {
		if v.n > 0 || v.lastMark > 0 {
			v.fault(v.n, FaultHead)
		}
		return
	}
	n, err := strconv.Atoi(h["n"])
	marked, err2 := strconv.Atoi("0" + h["marked"])
	switch {
	case err != nil || err2 != nil:
		v.fault(v.n, FaultUnreadable)
	case n > v.n:
		v.fault(n, FaultCut)
	case n < v.n || !v.lost && h["head"] != v.head:
		v.fault(n, FaultHead)
	}
	if err2 == nil && marked > v.lastMark {
		v.fault(marked, FaultMarkGone)
	}
}

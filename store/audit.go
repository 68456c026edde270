package store

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// The audit chain of one street and day. This is its whole format; verify.go reads it
// with code of its own.
//
//	line   at|actor|command|unit|record|rev|digest
//	       at in Unix ms, base 36; names with % | and line breaks escaped as %25 %7C %0A %0D;
//	       in the record the line's command in front is written %C, the chain's day %D;
//	       digest = base64url of the first 12 bytes of SHA-256(salt ‖ values), or empty
//	leaf   HMAC-SHA256(audit key, "line" NUL street NUL day NUL line)
//	head   sha1hex(head before ‖ leaf), the first head before being empty
//	entry  n|first 8 of head|line, n counted from 1; the n-th element of the list
//	side   field n = salt (8 bytes, NUL bytes when there is no digest) ‖ note, maybe sealed
//	mark   n|head|at|mac with mac = base64url of the first 16 bytes of
//	       HMAC-SHA256(audit key, "mark" NUL street NUL day NUL n|head|at)
//
// The leaf is not stored: who can write to Redis but has no key cannot continue a chain
// he has changed. Eight characters of each head only say where a fault begins.
const (
	saltSize    = 8
	digestSize  = 12
	markMacSize = 16
)

// AuditLine is one line of the chain together with its side record.
type AuditLine struct {
	N                            int
	At                           time.Time
	Actor, Command, Unit, Record string
	Rev                          int
	Digest                       string // of the values; empty: none were given
	Salt                         string // empty: there was no digest, or it was erased
	Note                         string // empty: none, erased, or its key forgotten
}

// Proves reports whether these are the values the line was written for. Without its salt
// nothing can be proved any more.
func (l AuditLine) Proves(values string) bool {
	return l.Salt != "" && l.Digest == digest([]byte(l.Salt), values)
}

// encodeLine adds the audit operation of an act.
func (s *Store) encodeLine(c *call, a *Act) error {
	if len(s.auditKey) == 0 {
		return ErrNoAuditKey
	}
	if a.Day == "" {
		return errors.New("audit line without a day")
	}
	l := a.Line
	var salt [saltSize]byte
	sum := ""
	if l.Values != "" {
		rand.Read(salt[:]) // never fails
		sum = digest(salt[:], l.Values)
	}
	line := make([]byte, 0, 128)
	line = strconv.AppendInt(line, a.At.UnixMilli(), 36)
	for _, name := range [...]string{l.Actor, l.Command, l.Unit} {
		line = append(line, '|')
		line = append(line, escape(name)...)
	}
	line = append(line, '|')
	line = append(line, shortened(escape(l.Record), escape(l.Command), a.Day)...)
	line = append(line, '|')
	line = strconv.AppendInt(line, int64(l.Rev), 10)
	line = append(line, '|')
	line = append(line, sum...)

	text, side := string(line), ""
	sideName := auditSideName(a.Day)
	lines, head, sides := c.key(auditName(a.Day)), c.key(auditHeadName(a.Day)), c.key(sideName)
	if l.Values != "" || l.Note != "" {
		// The line's number is not known yet: the note is bound to the line itself.
		note, err := s.closed(l.Note, l.Campaign, a.Street, sideName, text)
		if err != nil {
			return fmt.Errorf("seal note: %w", err)
		}
		side = string(salt[:]) + note
	}
	c.add("A", lines, head, sides, s.leaf(a.Street, a.Day, line), text, side, seconds(keepLong))
	return nil
}

func (s *Store) newMAC() any { return hmac.New(sha256.New, s.auditKey) }

func (s *Store) leaf(street, day string, line []byte) string {
	mac := s.macs.Get().(hash.Hash)
	defer s.macs.Put(mac)
	mac.Reset()
	buf := make([]byte, 0, 192)
	buf = append(buf, "line\x00"...)
	buf = append(buf, street...)
	buf = append(buf, 0)
	buf = append(buf, day...)
	buf = append(buf, 0)
	buf = append(buf, line...)
	mac.Write(buf)
	return string(mac.Sum(buf[:0]))
}

func digest(salt []byte, values string) string {
	buf := make([]byte, 0, 192)
	sum := sha256.Sum256(append(append(buf, salt...), values...))
	return base64.RawURLEncoding.EncodeToString(sum[:digestSize])
}

// escape keeps a name from ending its field or its line.
func escape(s string) string {
	if !strings.ContainsAny(s, "%|\r\n") {
		return s
	}
	return escaper.Replace(s)
}

// shortened leaves out of an escaped record what its line and its chain say anyway. It is
// unambiguous: no escaped name has a C or a D behind a %.
func shortened(record, command, day string) string {
	if command != "" && strings.HasPrefix(record, command+"/") {
		record = "%C" + record[len(command):]
	}
	if day != "" && escape(day) == day {
		record = strings.Replace(record, day, "%D", 1)
	}
	return record
}

// lengthened undoes it.
func lengthened(record, command, day string) string {
	if rest, ok := strings.CutPrefix(record, "%C"); ok {
		record = command + rest
	}
	return strings.Replace(record, "%D", day, 1)
}

var (
	escaper   = strings.NewReplacer("%", "%25", "|", "%7C", "\n", "%0A", "\r", "%0D")
	unescaper = strings.NewReplacer("%25", "%", "%7C", "|", "%0A", "\n", "%0D", "\r")
)

// AuditHead tells where the chain of a day stands: how many lines, and the head to print
// where others can see it. No lines: 0 and "".
func (s *Store) AuditHead(ctx context.Context, street, day string) (n int, head string, err error) {
	what := "audit head " + street + "/" + day
	if err := checkStreet(street); err != nil {
		return 0, "", fmt.Errorf("%s: %w", what, err)
	}
	v, err := s.client.HMGet(ctx, key(street, auditHeadName(day)), "n", "head").Result()
	if err != nil {
		return 0, "", failed(what, err)
	}
	count, ok := v[0].(string)
	if !ok {
		return 0, "", nil
	}
	head, ok = v[1].(string)
	if n, err = strconv.Atoi(count); err != nil || !ok {
		return 0, "", fmt.Errorf("%s: %w", what, ErrDamaged)
	}
	return n, head, nil
}

// Checkpoint signs the head as it is, if it has moved since the last checkpoint. Several
// replicas may do so at once.
func (s *Store) Checkpoint(ctx context.Context, street, day string, at time.Time) error {
	what := "checkpoint " + street + "/" + day
	if len(s.auditKey) == 0 {
		return fmt.Errorf("%s: %w", what, ErrNoAuditKey)
	}
	n, head, err := s.AuditHead(ctx, street, day)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if n == 0 {
		return nil
	}
	text := strconv.Itoa(n) + "|" + head + "|" + strconv.FormatInt(at.UnixMilli(), 36)
	mac := hmac.New(sha256.New, s.auditKey)
	mac.Write([]byte("mark\x00" + street + "\x00" + day + "\x00" + text))
	text += "|" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:markMacSize])

	c := newCall(street)
	defer c.free()
	c.add("M", c.key(auditMarkName(day)), c.key(auditHeadName(day)), strconv.Itoa(n), text)
	_, err = c.run(ctx, &s.convoy)
	return failed(what, err)
}

// Audit returns the lines of a day as they stand, with their side records. It checks
// nothing: Verify does.
func (s *Store) Audit(ctx context.Context, street, day string) ([]AuditLine, error) {
	what := "audit " + street + "/" + day
	if err := checkStreet(street); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	sideKey := key(street, auditSideName(day))
	var entries *redis.StringSliceCmd
	var sides *redis.MapStringStringCmd
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		entries, sides = p.LRange(ctx, key(street, auditName(day)), 0, -1), p.HGetAll(ctx, sideKey)
		return nil
	})
	if err != nil {
		return nil, failed(what, err)
	}
	lines, err := s.auditLines(entries.Val(), sides.Val(), day, sideKey)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return lines, nil
}

// auditLines reads the elements of a day's list and what its side records say.
func (s *Store) auditLines(entries []string, sides map[string]string, day, sideKey string) ([]AuditLine, error) {
	lines := make([]AuditLine, 0, len(entries))
	for i, entry := range entries {
		l, text, err := parseEntry(entry, day)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		if side := sides[strconv.Itoa(l.N)]; len(side) >= saltSize {
			if l.Digest != "" {
				l.Salt = side[:saltSize]
			}
			if l.Note, _, err = s.opened(side[saltSize:], sideKey, text); err != nil {
				return nil, fmt.Errorf("note of line %d: %w", i+1, err)
			}
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// parseEntry reads one element of the list, and returns the line in it as written.
func parseEntry(entry, day string) (l AuditLine, line string, err error) {
	f := strings.SplitN(entry, "|", 3)
	if len(f) != 3 {
		return l, "", ErrDamaged
	}
	line = f[2]
	v := strings.Split(line, "|")
	if len(v) != 7 {
		return l, "", ErrDamaged
	}
	n, err1 := strconv.Atoi(f[0])
	at, err2 := strconv.ParseInt(v[0], 36, 64)
	rev, err3 := strconv.Atoi(v[5])
	if err := errors.Join(err1, err2, err3); err != nil {
		return l, "", fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return AuditLine{
		N: n, At: time.UnixMilli(at),
		Actor: unescaper.Replace(v[1]), Command: unescaper.Replace(v[2]),
		Unit: unescaper.Replace(v[3]), Record: unescaper.Replace(lengthened(v[4], v[2], day)),
		Rev: rev, Digest: v[6],
	}, line, nil
}

package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Scoped is a campaign's name among a ring's keys: two streets that run the same pack have
// a key each, so that one can end it while the other goes on.
func Scoped(street, campaign string) string { return street + "/" + campaign }

// EraseTable forgets a whole table, such as a period of reports that is over its term. A
// table that is not there is no error.
func EraseTable(t Table) Change { return Change{op: opErase, table: t} }

// EraseOutbox forgets what is left of the pushes that were settled on a day: the log without
// content, and the bodies of those that were unknown or dead.
func EraseOutbox(day string) []Change {
	return []Change{EraseTable(kept(day)), EraseTable(Table{name: pushLogName(day)})}
}

// ForgetKey deletes the data key of a street's campaign: what was sealed with it is
// unreadable from then on, also in backups. The key goes before the rest of the act is
// written, and stays gone if the act is ErrStale: it belongs into an act that nobody can
// take back any more, decided again until it holds.
func ForgetKey(campaign string) Change { return Change{op: opForget, campaign: campaign} }

// Trace is one value that is sealed with a campaign's key, wherever it lies.
type Trace struct {
	name, field string // key without the street; field "": the key as a whole
	queue       string // of a push: its member in the queue
	Kind        string // the kind of place, as the head of its key: rec:case, report, raw, done, push, audit
}

// Erase forgets the value, whatever revision it has by now; that of a push under way with
// its place in the queue.
func (t Trace) Erase() Change {
	return Change{op: opTrace, table: Table{name: t.name}, field: t.field, line: t.queue}
}

// Traces asks for everything in the street that is sealed with a campaign's key: records,
// texts, raw text, remembered replies, pushes under way and kept, notes of the audit. It
// looks at every key of the street, in as many round trips as that takes, and is meant for
// the end of a campaign.
func (b *Batch) Traces(campaign string) *[]Trace {
	out := new([]Trace)
	b.asks = append(b.asks, func(ctx context.Context, _ redis.Pipeliner) func() error {
		return func() error {
			var err error
			*out, err = b.s.traces(ctx, b.street, Scoped(b.street, campaign))
			return err
		}
	})
	return out
}

func (s *Store) traces(ctx context.Context, street, scoped string) ([]Trace, error) {
	if len(scoped) > maxCampaign {
		return nil, fmt.Errorf("campaign %q: name too long", scoped)
	}
	sign := markSealed + string([]byte{byte(len(scoped))}) + scoped
	prefix := key(street, "")
	var mu sync.Mutex
	var out []Trace
	look := func(ctx context.Context, c redis.Cmdable) error {
		it := c.Scan(ctx, 0, globbed(prefix)+"*", 1000).Iterator()
		for it.Next(ctx) {
			found, err := sealedIn(ctx, c, it.Val(), strings.TrimPrefix(it.Val(), prefix), sign)
			if err != nil {
				return err
			}
			mu.Lock()
			out = append(out, found...)
			mu.Unlock()
		}
		return it.Err()
	}
	var err error
	if cluster, ok := s.client.(*redis.ClusterClient); ok {
		err = cluster.ForEachMaster(ctx, func(ctx context.Context, c *redis.Client) error { return look(ctx, c) })
	} else {
		err = look(ctx, s.client)
	}
	slices.SortFunc(out, func(a, b Trace) int {
		return strings.Compare(a.name+"\x00"+a.field, b.name+"\x00"+b.field)
	})
	return slices.Compact(out), err
}

// sealedIn looks for values with a sign in one key.
func sealedIn(ctx context.Context, c redis.Cmdable, key, name, sign string) ([]Trace, error) {
	t := Trace{name: name, Kind: kindOf(name)}
	kind, err := c.Type(ctx, key).Result()
	if err != nil {
		return nil, err
	}
	switch kind {
	case "string":
		value, err := c.Get(ctx, key).Result()
		if errors.Is(err, redis.Nil) || !strings.Contains(value, sign) {
			return nil, nil
		}
		return []Trace{t}, err
	case "hash":
		cells, err := c.HGetAll(ctx, key).Result()
		var out []Trace
		for field, value := range cells {
			if !strings.Contains(value, sign) {
				continue
			}
			t.field = field
			if name == pushes().name {
				n, _ := strconv.ParseInt(field, 10, 64)
				w, _, err := parseHead(value, n)
				if err != nil {
					return nil, err
				}
				t.queue = queuedOf(&w).String()
			}
			out = append(out, t)
		}
		return out, err
	}
	return nil, nil // lists and sorted sets hold nothing sealed
}

// kindOf is the head of a key's name: rec:case, and report of report:日报:2020-02-13.
func kindOf(name string) string {
	head, rest, _ := strings.Cut(name, ":")
	if head == "rec" {
		return name
	}
	if head == "push" && rest != "" {
		return "push:kept"
	}
	return head
}

// globbed makes a text safe to stand in a SCAN pattern.
func globbed(s string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "]", `\]`).Replace(s)
}

// KeyPrint is a fingerprint of a campaign's data key, for the certificate of its end: 16 hex
// digits of a SHA-256; "" when there is no key. Nothing of the key can be had from it.
func (b *Batch) KeyPrint(campaign string) (string, error) {
	if b.s.seal == nil {
		return "", ErrNoRing
	}
	return b.s.seal.print(Scoped(b.street, campaign))
}

// Lookup is a keyed hash of a text, to find a sealed value again without opening any: see
// Ring.Lookup.
func (b *Batch) Lookup(campaign, text string) (string, error) {
	if b.s.seal == nil {
		return "", ErrNoRing
	}
	return b.s.seal.Lookup(Scoped(b.street, campaign), text)
}

func (r *Ring) print(campaign string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.refresh(); err != nil {
		return "", fmt.Errorf("print of key %q: %w", campaign, err)
	}
	k, ok := r.data[campaign]
	if !ok && r.dir == "" {
		var err error
		if k, err = r.derive(campaign); err != nil {
			return "", fmt.Errorf("print of key %q: %w", campaign, err)
		}
		ok = true
	}
	if !ok {
		return "", nil
	}
	sum := sha256.Sum256(append([]byte("juwei key print\x00"), k.secret...))
	return hex.EncodeToString(sum[:8]), nil
}

// forget deletes the keys an act gives up.
func (s *Store) forget(a *Act) error {
	for _, ch := range a.Changes {
		if ch.op != opForget {
			continue
		}
		if s.seal == nil {
			return ErrNoRing
		}
		if err := s.seal.Forget(Scoped(a.Street, ch.campaign)); err != nil {
			return err
		}
	}
	return nil
}

// encodeErase lays out the changes that forget without looking at a revision.
func encodeErase(c *call, ch *Change) {
	switch {
	case ch.op == opForget: // not Redis's business
	case ch.op == opErase || ch.field == "":
		c.add("U", c.key(ch.table.name))
	default:
		c.add("F", c.key(ch.table.name), ch.field)
		if ch.line != "" {
			c.add("X", c.key(pushDueName), ch.line)
		}
	}
}

// AuditDay asks for the lines of a day as they stand, with their side records: see
// Store.Audit.
func (b *Batch) AuditDay(day string) *[]AuditLine {
	out := new([]AuditLine)
	b.asks = append(b.asks, func(ctx context.Context, p redis.Pipeliner) func() error {
		sideKey := key(b.street, auditSideName(day))
		entries, sides := p.LRange(ctx, key(b.street, auditName(day)), 0, -1), p.HGetAll(ctx, sideKey)
		return func() error {
			lines, err := entries.Result()
			if err != nil {
				return err
			}
			notes, err := sides.Result()
			if err != nil {
				return err
			}
			*out, err = b.s.auditLines(lines, notes, day, sideKey)
			return err
		}
	})
	return out
}

// ChainHead is where a day's audit chain stands.
type ChainHead struct {
	N    int // lines; 0: none
	Head string
}

// AuditHead asks where the chain of a day stands: see Store.AuditHead.
func (b *Batch) AuditHead(day string) *ChainHead {
	out := new(ChainHead)
	b.asks = append(b.asks, func(ctx context.Context, p redis.Pipeliner) func() error {
		cmd := p.HMGet(ctx, key(b.street, auditHeadName(day)), "n", "head")
		return func() error {
			v, err := cmd.Result()
			if err != nil {
				return err
			}
			count, ok := v[0].(string)
			if !ok {
				return nil
			}
			head, ok := v[1].(string)
			n, err := strconv.Atoi(count)
			if err != nil || !ok {
				return ErrDamaged
			}
			*out = ChainHead{n, head}
			return nil
		}
	})
	return out
}

// Days lists the days from first to last, as the keys of a day are named.
func Days(first, last time.Time) []string {
	var out []string
	for d := first; !d.After(last); d = d.AddDate(0, 0, 1) {
		out = append(out, d.Format(time.DateOnly))
	}
	return out
}

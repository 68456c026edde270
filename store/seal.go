package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A stored value begins with one of these when it is not simply itself. Values of
// callers that begin with a NUL are written as plain + value.
const (
	markSealed = "\x00s" // length of campaign (1) | campaign | key id (6) | nonce (12) | ciphertext and tag
	markPlain  = "\x00p" // the value as it is
	markCopied = "\x00k" // origin key | NUL | sealed value: made by the script for a log
)

const (
	keySize     = 32
	keyIDSize   = 6
	nonceSize   = 12
	tagSize     = 16
	maxCampaign = 255
)

// ErrForged means that a sealed value does not fit the place it was found in, or was
// changed.
var ErrForged = errors.New("sealed value does not open")

// errForgotten means that a value was sealed with a key this ring no longer has.
var errForgotten = errors.New("key forgotten")

// Ring holds the keys values are sealed with: one data key per campaign, wrapped by a
// master key. Forgetting a campaign makes everything sealed for it unreadable, also in
// backups of Redis. Safe for concurrent use.
type Ring struct {
	mu      sync.Mutex
	dir     string // empty: in memory
	seen    time.Time
	now     func() time.Time // nil: the directory is looked at for every value
	every   time.Duration
	looked  time.Time
	masters []dataKey // the last one wraps
	data    map[string]dataKey
	ended   map[string]int // in memory: how often a campaign was forgotten
	audit   []byte
}

// dataKey is one AES-256-GCM key and its name.
type dataKey struct {
	campaign string
	id       string // keyIDSize bytes
	secret   []byte
	aead     cipher.AEAD
}

func makeKey(campaign, id string, secret []byte) (dataKey, error) {
	if len(id) != keyIDSize || len(secret) != keySize {
		return dataKey{}, fmt.Errorf("key of %q: wrong length", campaign)
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return dataKey{}, fmt.Errorf("key of %q: %w", campaign, err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return dataKey{}, fmt.Errorf("key of %q: %w", campaign, err)
	}
	return dataKey{campaign: campaign, id: id, secret: secret, aead: aead}, nil
}

func randomKey(campaign string) (dataKey, error) {
	b := make([]byte, keyIDSize+keySize)
	rand.Read(b) // never fails
	return makeKey(campaign, string(b[:keyIDSize]), b[keyIDSize:])
}

// NewRing makes a ring in memory, for the demo and for tests. Its keys follow from the
// master (at least 16 bytes), so the same master opens what it sealed after a restart.
func NewRing(master []byte) (*Ring, error) {
	if len(master) < 16 {
		return nil, fmt.Errorf("new ring: master of %d bytes, want 16 or more", len(master))
	}
	secret, err := hkdf.Key(sha256.New, master, nil, "juwei master", keyIDSize+keySize)
	if err != nil {
		return nil, fmt.Errorf("new ring: %w", err)
	}
	m, err := makeKey("", string(secret[:keyIDSize]), secret[keyIDSize:])
	if err != nil {
		return nil, fmt.Errorf("new ring: %w", err)
	}
	audit, err := hkdf.Key(sha256.New, master, nil, "juwei audit", keySize)
	if err != nil {
		return nil, fmt.Errorf("new ring: %w", err)
	}
	r := emptyRing("")
	r.masters, r.audit, r.ended = []dataKey{m}, audit, map[string]int{}
	return r, nil
}

func emptyRing(dir string) *Ring {
	return &Ring{dir: dir, data: map[string]dataKey{}}
}

// LookEvery makes the ring look no more often than that whether its directory has changed;
// without it, it looks for every value. A campaign that another process ends is then still
// sealed for, and opened, for so long; a key that it does not know it always looks for.
func (r *Ring) LookEvery(d time.Duration, now func() time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.every, r.now = d, now
}

// AuditKey is the key of the audit chain. It stays the same when the master is rotated.
func (r *Ring) AuditKey() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]byte(nil), r.audit...)
}

// Forget deletes the data key of a campaign. What was sealed with it cannot be read any
// more, by anybody. Forgetting twice is no error.
func (r *Ring) Forget(campaign string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.lookNow(); err != nil {
		return fmt.Errorf("forget %q: %w", campaign, err)
	}
	if r.dir == "" {
		if _, err := r.current(campaign); err != nil {
			return fmt.Errorf("forget %q: %w", campaign, err)
		}
		r.ended[campaign]++
	} else if err := r.removeKey(campaign); err != nil {
		return fmt.Errorf("forget %q: %w", campaign, err)
	}
	if k, ok := r.data[campaign]; ok {
		clear(k.secret)
		delete(r.data, campaign)
	}
	return nil
}

// Lookup is a keyed hash of a text, to find a sealed value again without opening any. It
// dies with the campaign's key. Equal texts of one campaign give equal hashes.
func (r *Ring) Lookup(campaign, text string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.find(campaign)
	if err != nil {
		return "", fmt.Errorf("look-up hash: %w", err)
	}
	secret, err := hkdf.Expand(sha256.New, k.secret, "juwei look-up", keySize)
	if err != nil {
		return "", fmt.Errorf("look-up hash: %w", err)
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16]), nil
}

// seal encrypts a value for one place; the campaign's key is made when there is none.
func (r *Ring) seal(campaign, place, value string) (string, error) {
	r.mu.Lock()
	k, err := r.find(campaign)
	r.mu.Unlock()
	if err != nil {
		return "", err
	}
	out := make([]byte, 0, len(markSealed)+1+len(campaign)+keyIDSize+nonceSize+len(value)+tagSize)
	out = append(out, markSealed...)
	out = append(out, byte(len(campaign)))
	out = append(out, campaign...)
	out = append(out, k.id...)
	out = out[:len(out)+nonceSize]
	nonce := out[len(out)-nonceSize:]
	rand.Read(nonce) // never fails
	return string(k.aead.Seal(out, nonce, []byte(value), []byte(place))), nil
}

// open decrypts what seal made for the same place. errForgotten: its key is gone.
func (r *Ring) open(sealed, place string) (string, error) {
	body := strings.TrimPrefix(sealed, markSealed)
	if body == "" || len(body) < 1+int(body[0])+keyIDSize+nonceSize+tagSize {
		return "", ErrForged
	}
	campaign, body := body[1:1+int(body[0])], body[1+int(body[0]):]
	k, err := r.findOld(campaign, body[:keyIDSize])
	if err != nil {
		return "", err
	}
	nonce, text := body[keyIDSize:keyIDSize+nonceSize], body[keyIDSize+nonceSize:]
	plain, err := k.aead.Open(nil, []byte(nonce), []byte(text), []byte(place))
	if err != nil {
		return "", ErrForged
	}
	return string(plain), nil
}

// findOld returns the key a value was sealed with, or errForgotten. It makes none.
func (r *Ring) findOld(campaign, id string) (dataKey, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.refresh(); err != nil {
		return dataKey{}, err
	}
	k, ok := r.data[campaign]
	if k.id != id { // another process may have made it a moment ago
		if err := r.lookNow(); err != nil {
			return dataKey{}, err
		}
		k, ok = r.data[campaign]
	}
	if !ok && r.dir == "" && campaign != "" {
		var err error
		if k, err = r.current(campaign); err != nil {
			return dataKey{}, err
		}
	}
	if k.id != id {
		return dataKey{}, errForgotten
	}
	return k, nil
}

// find returns the key to seal with, up to date with the directory.
func (r *Ring) find(campaign string) (dataKey, error) {
	if campaign == "" || len(campaign) > maxCampaign {
		return dataKey{}, fmt.Errorf("campaign %q: name of 1 to %d bytes wanted", campaign, maxCampaign)
	}
	if err := r.refresh(); err != nil {
		return dataKey{}, err
	}
	return r.current(campaign)
}

// current returns a campaign's key, making it when there is none.
func (r *Ring) current(campaign string) (dataKey, error) {
	if k, ok := r.data[campaign]; ok {
		return k, nil
	}
	var k dataKey
	var err error
	if r.dir == "" {
		k, err = r.derive(campaign)
	} else {
		k, err = r.createKey(campaign)
	}
	if err != nil {
		return dataKey{}, err
	}
	r.data[campaign] = k
	return k, nil
}

// derive makes the key of a campaign of a ring in memory.
func (r *Ring) derive(campaign string) (dataKey, error) {
	info := "juwei data " + strconv.Itoa(r.ended[campaign]) + " " + campaign
	b, err := hkdf.Key(sha256.New, r.masters[0].secret, nil, info, keyIDSize+keySize)
	if err != nil {
		return dataKey{}, fmt.Errorf("key of %q: %w", campaign, err)
	}
	return makeKey(campaign, string(b[:keyIDSize]), b[keyIDSize:])
}

// closed is a value as it is stored under a street's name and a field: sealed when there
// is a campaign.
func (s *Store) closed(value, campaign, street, name, field string) (string, error) {
	if campaign == "" {
		if strings.HasPrefix(value, "\x00") {
			return markPlain + value, nil
		}
		return value, nil
	}
	if s.seal == nil {
		return "", ErrNoRing
	}
	return s.seal.seal(Scoped(street, campaign), place(key(street, name), field), value)
}

// opened undoes closed. lost: it was sealed, and its key is gone or not ours.
func (s *Store) opened(stored, key, field string) (value string, lost bool, err error) {
	if !strings.HasPrefix(stored, "\x00") {
		return stored, false, nil
	}
	if origin, ok := strings.CutPrefix(stored, markCopied); ok {
		if key, stored, ok = strings.Cut(origin, "\x00"); !ok {
			return "", false, ErrDamaged
		}
		if i := strings.LastIndexByte(field, '#'); i >= 0 {
			field = field[:i]
		}
	}
	switch {
	case strings.HasPrefix(stored, markPlain):
		return stored[len(markPlain):], false, nil
	case !strings.HasPrefix(stored, markSealed):
		return "", false, ErrDamaged
	case s.seal == nil:
		return "", true, nil
	}
	value, err = s.seal.open(stored, place(key, field))
	if errors.Is(err, errForgotten) {
		return "", true, nil
	}
	return value, false, err
}

// place is what a sealed value is bound to.
func place(key, field string) string { return key + "\x00" + field }

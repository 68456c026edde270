package store

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A ring's directory, everything 0600 and text:
//
//	master.key              one line per master key, the last one wraps: <id hex> <key base64>
//	audit.key               the audit key, wrapped:                      <master id hex> <base64>
//	campaign-<name>.key     one data key, wrapped, its id inside:        <master id hex> <base64>
const (
	masterFile     = "master.key"
	auditFile      = "audit.key"
	campaignPrefix = "campaign-"
	keySuffix      = ".key"
)

// InitRing makes a directory with a new ring. It fails with fs.ErrExist when there
// already is one.
func InitRing(dir string) (*Ring, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("init ring: %w", err)
	}
	master, err := randomKey("")
	if err != nil {
		return nil, fmt.Errorf("init ring: %w", err)
	}
	r := emptyRing(dir)
	r.masters = []dataKey{master}
	audit := make([]byte, keySize)
	rand.Read(audit) // never fails
	// The master goes last: a directory without it is not a ring yet and may be begun again.
	if _, err := os.Lstat(r.path(masterFile)); err == nil {
		return nil, fmt.Errorf("init ring: %s: %w", r.path(masterFile), fs.ErrExist)
	}
	if err := r.replace(auditFile, r.wrap(audit, "audit")); err != nil {
		return nil, fmt.Errorf("init ring: %w", err)
	}
	if err := r.create(masterFile, masterLines(r.masters)); err != nil {
		return nil, fmt.Errorf("init ring: %w", err)
	}
	return OpenRing(dir)
}

// OpenRing reads the ring of a directory. Key files that others may read are refused.
func OpenRing(dir string) (*Ring, error) {
	r := emptyRing(dir)
	if err := r.load(); err != nil {
		return nil, fmt.Errorf("open ring: %w", err)
	}
	return r, nil
}

// Rotate makes a new master key and wraps every data key with it; the old master is
// deleted last, so an interrupted rotation leaves a ring that opens.
func (r *Ring) Rotate() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dir == "" {
		return errors.New("rotate ring: it is in memory")
	}
	if err := r.load(); err != nil {
		return fmt.Errorf("rotate ring: %w", err)
	}
	fresh, err := randomKey("")
	if err != nil {
		return fmt.Errorf("rotate ring: %w", err)
	}
	r.masters = append(r.masters, fresh)
	if err := r.replace(masterFile, masterLines(r.masters)); err != nil {
		return fmt.Errorf("rotate ring: %w", err)
	}
	if err := r.replace(auditFile, r.wrap(r.audit, "audit")); err != nil {
		return fmt.Errorf("rotate ring: %w", err)
	}
	for campaign, k := range r.data {
		if err := r.replace(campaignFile(campaign), r.wrapData(k)); err != nil {
			return fmt.Errorf("rotate ring: %w", err)
		}
	}
	r.masters = r.masters[len(r.masters)-1:]
	if err := r.replace(masterFile, masterLines(r.masters)); err != nil {
		return fmt.Errorf("rotate ring: %w", err)
	}
	return r.stamp()
}

// refresh loads the ring again when its directory has changed: another process may have
// made, forgotten or rotated keys.
func (r *Ring) refresh() error {
	if r.now != nil {
		now := r.now()
		if since := now.Sub(r.looked); since >= 0 && since < r.every {
			return nil
		}
		r.looked = now
	}
	return r.lookNow()
}

// lookNow is refresh, whenever it last looked.
func (r *Ring) lookNow() error {
	if r.dir == "" {
		return nil
	}
	info, err := os.Stat(r.dir)
	if err == nil && info.ModTime().Equal(r.seen) {
		return nil
	}
	if err != nil {
		err = fmt.Errorf("ring: %w", err)
	} else {
		err = r.load()
	}
	if err != nil {
		r.looked = time.Time{} // not seen: look again
	}
	return err
}

// stamp remembers the directory as it is now.
func (r *Ring) stamp() error {
	info, err := os.Stat(r.dir)
	if err != nil {
		return fmt.Errorf("ring: %w", err)
	}
	r.seen = info.ModTime()
	return nil
}

func (r *Ring) load() error {
	seen := time.Time{}
	if info, err := os.Stat(r.dir); err == nil { // before reading: a change meanwhile is seen next time
		seen = info.ModTime()
	}
	masters, err := r.loadMasters()
	if err != nil {
		return err
	}
	next := &Ring{dir: r.dir, masters: masters, data: map[string]dataKey{}}
	if next.audit, err = next.loadWrapped(auditFile, "audit"); err != nil {
		return err
	}
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		return fmt.Errorf("ring: %w", err)
	}
	for _, e := range entries {
		campaign, ok := campaignOf(e.Name())
		if !ok {
			continue
		}
		k, err := next.loadData(campaign)
		if errors.Is(err, fs.ErrNotExist) {
			continue // forgotten while we were looking
		}
		if err != nil {
			return err
		}
		next.data[campaign] = k
	}
	r.masters, r.audit, r.data, r.seen = next.masters, next.audit, next.data, seen
	return nil
}

func (r *Ring) loadMasters() ([]dataKey, error) {
	text, err := r.read(masterFile)
	if err != nil {
		return nil, err
	}
	var masters []dataKey
	for line := range strings.Lines(text) {
		id, secret, _ := strings.Cut(strings.TrimSpace(line), " ")
		rawID, err1 := hex.DecodeString(id)
		raw, err2 := base64.StdEncoding.DecodeString(secret)
		if err1 != nil || err2 != nil {
			return nil, fmt.Errorf("%s: line %d is no key", r.path(masterFile), len(masters)+1)
		}
		m, err := makeKey("", string(rawID), raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.path(masterFile), err)
		}
		masters = append(masters, m)
	}
	if len(masters) == 0 {
		return nil, fmt.Errorf("%s: empty", r.path(masterFile))
	}
	return masters, nil
}

func (r *Ring) loadData(campaign string) (dataKey, error) {
	b, err := r.loadWrapped(campaignFile(campaign), "campaign "+campaign)
	if err != nil {
		return dataKey{}, err
	}
	if len(b) != keyIDSize+keySize {
		return dataKey{}, fmt.Errorf("%s: wrong length", r.path(campaignFile(campaign)))
	}
	return makeKey(campaign, string(b[:keyIDSize]), b[keyIDSize:])
}

// createKey makes and writes the data key of a campaign, or takes the one another
// process was faster to write.
func (r *Ring) createKey(campaign string) (dataKey, error) {
	k, err := randomKey(campaign)
	if err != nil {
		return dataKey{}, err
	}
	err = r.create(campaignFile(campaign), r.wrapData(k))
	if errors.Is(err, fs.ErrExist) {
		return r.loadData(campaign)
	}
	return k, err
}

func (r *Ring) removeKey(campaign string) error {
	err := os.Remove(r.path(campaignFile(campaign)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove key: %w", err)
	}
	return syncDir(r.dir)
}

func (r *Ring) wrapData(k dataKey) string {
	return r.wrap(append([]byte(k.id), k.secret...), "campaign "+k.campaign)
}

// wrap encrypts a key with the current master, bound to what it is for.
func (r *Ring) wrap(secret []byte, what string) string {
	m := r.masters[len(r.masters)-1]
	nonce := make([]byte, nonceSize)
	rand.Read(nonce) // never fails
	sealed := m.aead.Seal(nonce, nonce, secret, []byte(what))
	return hex.EncodeToString([]byte(m.id)) + " " + base64.StdEncoding.EncodeToString(sealed) + "\n"
}

func (r *Ring) loadWrapped(file, what string) ([]byte, error) {
	text, err := r.read(file)
	if err != nil {
		return nil, err
	}
	id, wrapped, _ := strings.Cut(strings.TrimSpace(text), " ")
	b, err := base64.StdEncoding.DecodeString(wrapped)
	if err != nil || len(b) < nonceSize {
		return nil, fmt.Errorf("%s: no wrapped key in it", r.path(file))
	}
	for _, m := range r.masters {
		if hex.EncodeToString([]byte(m.id)) != id {
			continue
		}
		secret, err := m.aead.Open(nil, b[:nonceSize], b[nonceSize:], []byte(what))
		if err != nil {
			return nil, fmt.Errorf("%s: does not open with the master key", r.path(file))
		}
		return secret, nil
	}
	return nil, fmt.Errorf("%s: its master key %s is not in %s", r.path(file), id, masterFile)
}

func masterLines(masters []dataKey) string {
	var b strings.Builder
	for _, m := range masters {
		b.WriteString(hex.EncodeToString([]byte(m.id)) + " " + base64.StdEncoding.EncodeToString(m.secret) + "\n")
	}
	return b.String()
}

func (r *Ring) path(file string) string { return filepath.Join(r.dir, file) }

func campaignFile(campaign string) string {
	return campaignPrefix + url.PathEscape(campaign) + keySuffix
}

func campaignOf(file string) (string, bool) {
	name, ok := strings.CutPrefix(file, campaignPrefix)
	if !ok {
		return "", false
	}
	if name, ok = strings.CutSuffix(name, keySuffix); !ok {
		return "", false
	}
	campaign, err := url.PathUnescape(name)
	return campaign, err == nil
}

// read returns a key file, unless others than its owner may read it.
func (r *Ring) read(file string) (string, error) {
	info, err := os.Stat(r.path(file))
	if err != nil {
		return "", fmt.Errorf("key file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("key file %s may be read by others: chmod 600", r.path(file))
	}
	b, err := os.ReadFile(r.path(file))
	if err != nil {
		return "", fmt.Errorf("key file: %w", err)
	}
	return string(b), nil
}

// replace writes a file as a whole, or leaves the old one.
func (r *Ring) replace(file, text string) error {
	temp, err := r.temp(text)
	if err != nil {
		return err
	}
	if err := os.Rename(temp, r.path(file)); err != nil {
		return errors.Join(fmt.Errorf("key file: %w", err), os.Remove(temp))
	}
	return syncDir(r.dir)
}

// create writes a file that must not exist; fs.ErrExist when it does.
func (r *Ring) create(file, text string) error {
	temp, err := r.temp(text)
	if err != nil {
		return err
	}
	if err := os.Link(temp, r.path(file)); err != nil {
		return errors.Join(fmt.Errorf("key file: %w", err), os.Remove(temp))
	}
	if err := os.Remove(temp); err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	return syncDir(r.dir)
}

func (r *Ring) temp(text string) (name string, err error) {
	f, err := os.CreateTemp(r.dir, ".new-*") // 0600
	if err != nil {
		return "", fmt.Errorf("key file: %w", err)
	}
	_, werr := f.WriteString(text)
	if err := errors.Join(werr, f.Sync(), f.Close()); err != nil {
		return "", errors.Join(fmt.Errorf("key file: %w", err), os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// syncDir makes names that were just made or removed survive a crash.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("key directory: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("key directory: %w", err)
	}
	return nil
}

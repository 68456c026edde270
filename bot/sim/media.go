package sim

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// mediaLife is how long the address of something a person sent is good (doc 100719).
const mediaLife = 5 * time.Minute

// medium is a picture or document a person sent to the bot, as the platform's object
// store holds it: encrypted.
type medium struct {
	name   string
	sealed []byte
	until  time.Time
}

// keep stores data and returns its address. The caller holds mu.
func (s *Sim) keep(name string, data, key []byte) string {
	id := alnum(32)
	s.media[id] = &medium{name, sealMedia(key, data), s.now.Add(mediaLife)}
	return s.base + "/media/" + id
}

// sealMedia is AES-256-CBC, IV = key[:16], padded to a multiple of 32 (WECOM §2.5).
func sealMedia(key, data []byte) []byte {
	n := 32 - len(data)%32
	p := make([]byte, len(data)+n)
	copy(p, data)
	for i := len(data); i < len(p); i++ {
		p[i] = byte(n)
	}
	b, err := aes.NewCipher(key)
	if err != nil {
		panic("sim: media key: " + err.Error()) // checked in New
	}
	cipher.NewCBCEncrypter(b, key[:16]).CryptBlocks(p, p)
	return p
}

func (s *Sim) serveMedia(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	m := s.media[r.PathValue("id")]
	live := m != nil && s.now.Before(m.until)
	s.mu.Unlock()
	if !live {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename*=UTF-8''%s", url.PathEscape(m.name)))
	w.Header().Set("Content-Length", strconv.Itoa(len(m.sealed)))
	w.Write(m.sealed)
}

package wecom

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // the platform's signature is SHA-1
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"
	"sync"
)

// The envelope, the same for callbacks of bots and apps (WECOM.md §2.1; doc paths
// 90968 and 101033):
//
//	plain  = 16 random bytes ‖ uint32 big-endian len(msg) ‖ msg ‖ receive id
//	cipher = base64(AES-256-CBC(pad32(plain), key, iv = key[:16]))
//	sign   = hex(SHA-1(sort(token, timestamp, nonce, cipher)))
//
// The padding is PKCS#7 with a block of 32, not AES's 16: one that is always 16 fails on
// about half of all messages.
const (
	padBlock = 32 // padding goes to a multiple of this many bytes
	headSize = 20 // 16 random bytes and the length
	signSize = 2 * sha1.Size
)

// The reasons an envelope is refused. They go to the log, never to the sender.
var (
	ErrSignature = errors.New("signature does not match")
	ErrEnvelope  = errors.New("envelope does not open")
)

var (
	errKey      = errors.New("encoding aes key: want 43 base64 characters")
	errInput    = fmt.Errorf("%w: ciphertext length", ErrEnvelope)
	errBase64   = fmt.Errorf("%w: base64", ErrEnvelope)
	errPadding  = fmt.Errorf("%w: padding", ErrEnvelope)
	errLength   = fmt.Errorf("%w: message length", ErrEnvelope)
	errReceiver = fmt.Errorf("%w: receive id", ErrEnvelope)
)

// Key decodes an EncodingAESKey, 43 characters as shown in the admin console, into the
// 32-byte AES key. Real keys may carry bits in the last character that base64 ignores, so
// strict decoding would refuse good keys.
func Key(k43 string) ([]byte, error) {
	if len(k43) != 43 {
		return nil, errKey
	}
	key, err := base64.StdEncoding.DecodeString(k43 + "=")
	if err != nil || len(key) != 32 {
		return nil, errKey // not err: base64's message quotes nothing, but stay on the safe side
	}
	return key, nil
}

// Sign returns the lower-case hex signature over the four values, whatever order they
// are in: they are sorted by value first. For the GET check enc is the decoded echostr.
func Sign(token, ts, nonce, enc string) string {
	s := signers.Get().(*signer)
	defer signers.Put(s)
	return string(appendSign(nil, s, token, ts, nonce, enc))
}

// Seal encrypts msg for receiveID (a corp id, or "" for an enterprise's own bot) and
// returns standard base64. rnd16 is the random prefix: exactly 16 bytes, given by the
// caller so that tests can repeat the official vectors; see SealRandom. key is what Key
// returned; a key of another length panics.
func Seal(key, rnd16, msg []byte, receiveID string) string {
	return string(appendSeal(nil, mustBlock(key), key[:aes.BlockSize], rnd16, msg, receiveID))
}

// SealRandom is Seal with a random prefix from the operating system.
func SealRandom(key, msg []byte, receiveID string) string {
	var rnd [16]byte
	rand.Read(rnd[:]) //nolint:errcheck // crypto/rand.Read never fails (it crashes the program)
	return Seal(key, rnd[:], msg, receiveID)
}

// Open decrypts enc (standard base64) and returns the message inside if it was meant for
// wantID. Every failure is an ErrEnvelope. It does not check the signature: do that first.
func Open(key []byte, enc, wantID string) ([]byte, error) {
	if len(key) != 32 {
		return nil, errKey
	}
	return openTo(nil, mustBlock(key), key[:aes.BlockSize], []byte(enc), wantID)
}

// CBCOpen decrypts raw ciphertext (IV = key[:16]) and removes the padding: the inside of
// Open, and the whole of a bot's media file (WECOM.md §2.5, vector V9). c is not changed.
func CBCOpen(key, c []byte) ([]byte, error) {
	if len(key) != 32 {
		return nil, errKey
	}
	return cbcOpen(mustBlock(key), key[:aes.BlockSize], bytes.Clone(c))
}

// Cipher is one receiver's token, key and receive id, ready for many messages. It is safe
// for concurrent use and keeps what Open and Seal would otherwise build each time.
type Cipher struct {
	token     string
	receiveID string
	iv        []byte
	block     cipher.Block
}

// NewCipher prepares the callback settings of one bot (receiveID "") or app (receiveID =
// corp id). It returns an error for a key that is not 43 base64 characters; the error
// holds neither token nor key.
func NewCipher(k43, token, receiveID string) (*Cipher, error) {
	key, err := Key(k43)
	if err != nil {
		return nil, err
	}
	return &Cipher{token: token, receiveID: receiveID, iv: key[:aes.BlockSize], block: mustBlock(key)}, nil
}

// Sign signs a reply's timestamp, nonce and ciphertext.
func (c *Cipher) Sign(ts, nonce, enc string) string { return Sign(c.token, ts, nonce, enc) }

// Verify reports whether sig is the signature of the other three, in constant time.
func (c *Cipher) Verify(sig, ts, nonce, enc string) bool { return verify(c.token, sig, ts, nonce, enc) }

// Open decrypts enc; see the function Open.
func (c *Cipher) Open(enc string) ([]byte, error) {
	return openTo(nil, c.block, c.iv, []byte(enc), c.receiveID)
}

// openIn decrypts enc within *buf, which it grows if needed; the message lies in *buf and
// is good until *buf is used again.
func (c *Cipher) openIn(buf *[]byte, enc []byte) ([]byte, error) {
	*buf = slices.Grow((*buf)[:0], base64.StdEncoding.DecodedLen(len(enc)))
	return openTo(*buf, c.block, c.iv, enc, c.receiveID)
}

// Seal encrypts msg with a random prefix.
func (c *Cipher) Seal(msg []byte) string { return string(c.AppendSeal(nil, msg)) }

// AppendSeal appends the base64 of the encrypted msg to dst. msg must not overlap dst's
// spare capacity.
func (c *Cipher) AppendSeal(dst, msg []byte) []byte {
	var rnd [16]byte
	rand.Read(rnd[:]) //nolint:errcheck // see SealRandom
	return appendSeal(dst, c.block, c.iv, rnd[:], msg, c.receiveID)
}

// appendSign appends the signature of a reply to dst.
func (c *Cipher) appendSign(dst []byte, ts, nonce string, enc []byte) []byte {
	s := signers.Get().(*signer)
	defer signers.Put(s)
	return appendSign(dst, s, c.token, ts, nonce, enc)
}

// signer is the scratch space of one signature.
type signer struct {
	buf  []byte
	hash hash.Hash
	sum  []byte
}

var signers = sync.Pool{New: func() any {
	return &signer{hash: sha1.New(), sum: make([]byte, 0, sha1.Size)} //nolint:gosec // see above
}}

// appendSign appends the hex signature to dst. The four values are laid into one buffer
// so that they can be sorted without turning a ciphertext into a string.
func appendSign[E string | []byte](dst []byte, s *signer, token, ts, nonce string, enc E) []byte {
	s.buf = append(append(append(append(s.buf[:0], token...), ts...), nonce...), enc...)
	a, b, c := len(token), len(token)+len(ts), len(token)+len(ts)+len(nonce)
	parts := [4][]byte{s.buf[:a], s.buf[a:b], s.buf[b:c], s.buf[c:]}
	slices.SortFunc(parts[:], bytes.Compare)
	s.hash.Reset()
	for _, p := range parts {
		s.hash.Write(p)
	}
	s.sum = s.hash.Sum(s.sum[:0])
	return hex.AppendEncode(dst, s.sum)
}

func verify[E string | []byte](token, sig, ts, nonce string, enc E) bool {
	s := signers.Get().(*signer)
	defer signers.Put(s)
	var want [signSize]byte
	got := appendSign(want[:0], s, token, ts, nonce, enc)
	return subtle.ConstantTimeCompare(got, []byte(sig)) == 1
}

func mustBlock(key []byte) cipher.Block {
	if len(key) != 32 {
		panic(errKey)
	}
	b, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // unreachable: the length is right
	}
	return b
}

// appendSeal lays the padded plaintext at the end of dst, encrypts it in place and then
// encodes it to where it shall lie.
func appendSeal(dst []byte, b cipher.Block, iv, rnd16, msg []byte, receiveID string) []byte {
	if len(rnd16) != 16 {
		panic("wecom: the random prefix has 16 bytes")
	}
	size := headSize + len(msg) + len(receiveID)
	pad := padBlock - size%padBlock // 1..32: a full block when it fits exactly
	size += pad
	encoded := base64.StdEncoding.EncodedLen(size)
	start := len(dst)
	// Ciphertext is kept beyond the place of its own base64, so encoding never overtakes it.
	dst = slices.Grow(dst, encoded+size)
	p := dst[start+encoded : start+encoded]
	p = append(p, rnd16...)
	p = binary.BigEndian.AppendUint32(p, uint32(len(msg))) //nolint:gosec // bounded by the reply's size
	p = append(p, msg...)
	p = append(p, receiveID...)
	for range pad {
		p = append(p, byte(pad))
	}
	cipher.NewCBCEncrypter(b, iv).CryptBlocks(p, p)
	dst = dst[:start+encoded]
	base64.StdEncoding.Encode(dst[start:], p)
	return dst
}

// openTo decodes and decrypts within buf and returns the message's place in it.
func openTo(buf []byte, b cipher.Block, iv, enc []byte, wantID string) ([]byte, error) {
	buf = slices.Grow(buf[:0], base64.StdEncoding.DecodedLen(len(enc)))
	n, err := base64.StdEncoding.Decode(buf[:cap(buf)], enc)
	if err != nil {
		return nil, errBase64
	}
	p, err := cbcOpen(b, iv, buf[:n])
	if err != nil {
		return nil, err
	}
	if len(p) < headSize {
		return nil, errLength
	}
	size := binary.BigEndian.Uint32(p[16:headSize])
	if uint64(size) > uint64(len(p)-headSize) {
		return nil, errLength
	}
	end := headSize + int(size)
	if string(p[end:]) != wantID {
		return nil, errReceiver
	}
	return p[headSize:end], nil
}

// cbcOpen decrypts c in place and returns it without its padding.
func cbcOpen(b cipher.Block, iv, c []byte) ([]byte, error) {
	if len(c) == 0 || len(c)%aes.BlockSize != 0 {
		return nil, errInput
	}
	cipher.NewCBCDecrypter(b, iv).CryptBlocks(c, c)
	pad := int(c[len(c)-1])
	if pad < 1 || pad > padBlock || pad > len(c) {
		return nil, errPadding
	}
	body := len(c) - pad
	for _, x := range c[body:] {
		if int(x) != pad {
			return nil, errPadding
		}
	}
	return c[:body], nil
}

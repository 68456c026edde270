package wecom

import (
	"bytes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

// The settings common to vectors V1–V6 of the fact sheet.
const (
	simToken  = "SimToken2026"
	simKey43  = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"
	simKeyHex = "69b71d79f8218a39259a7a29aabb2dbafc31cb300108310518720928b30d38f4"
	simRandom = "0123456789abcdef"
)

// vectors were computed with the platform's official package and checked independently.
var vectors = []struct {
	name, receiveID, ts, nonce, msg, enc, sig string
}{
	{"V1 bot callback", "", "1760000000", "nonce12345", `{"msgid":"MSGID1","aibotid":"AIBOT1","chatid":"CHAT1","chattype":"group","from":{"userid":"zhangsan"},"msgtype":"text","text":{"content":"@RobotA /查询 台账"}}`, "B4PcXgtThYsrOQnzxvXRULnNiad/99t5sqabah/WN3Sbkp8zrMXfdhVWRgjdhDNx0EwmHQN2VCe5VXCLqdkwGhr5bMRzxsBFg1XN9vGdWxZQXTTbEFO7RqkVDtGw8waBIU0vLJZcqlfYb0GRdhvsxILCbbMLRcy3A2UChoU0tvLWzR9nc7Mdot1wlkr+F3Yrbtq30BmIW6X8vJrLys6AVyoo1Ha92akDnMVGWWRJvFE7odBDjiOHRVyUuAuohyp1", "1a0f34af828c2ffedf775f0bb4510ae01983ec47"},
	{"V2 app callback", "wwcorp1", "1760000001", "987654321", "<xml><ToUserName><![CDATA[wwcorp1]]></ToUserName><FromUserName><![CDATA[lisi]]></FromUserName><CreateTime>1760000001</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好]]></Content><MsgId>7000000000000000001</MsgId><AgentID>1000002</AgentID></xml>", "B4PcXgtThYsrOQnzxvXRUEJ6KT2eAOvadYkUhRdc/Q5Cyup/zGgvzKrCRAXg93SIx1cNfslHAmyzd90hLcqY3iH+npgw+Fp5/8dJy+UrXOcPen1X76B1jIYkNUA1eBBQIS2K7FLRoM/UsEMiUT+0AGGjcm23vExWNpixdeUIOri3IY8B+MgVdhe/3P7ti41uHteZ+dh403nFkEFZmpviQhFj3tJN+TaWo/UpNUhxTu0Zce1j/p/EL8yZhsXB41szY9i6VLw0cfd6XExdY9vViQMK0WB4XHCSZSRIyZqnyk+fQNk9jlUUuH/CubbJYj8m0GqCGHwZqMFdJ8NBzByWgyZ552SEsGW15G6b/vgdkvdyEMBLdWWSeZ1BNfmO7O1ju1yrGDgsXnQKB6jqJq8++Hla278P8EZEsNJqZnI7mvQ=", "bb778b041116636480009eaba7a8d6f32ae983f1"},
	{"V3 echo", "", "1760000002", "echo-nonce", "1616140317555161061", "B4PcXgtThYsrOQnzxvXRUDkTZVZv7lEqfa1+Q4KqxUDEbVyK5hzOWsaE5FbP4yci7DGnuoUSH9irjnqj58YPLg==", "a0848ca9a3cc0bdbe12866a5f560444d9eb4be94"},
	{"V4 full pad block", "", "1760000003", "n4", "abcdefghijkl", "B4PcXgtThYsrOQnzxvXRUF5eAZte+8UbcUwBj01gFO4Fs47sW4/Xa3DsIiaNITy93U7evgW/tHbD7OfJswMS0Q==", "e883e28459606be0f66dc3977770c0a6778e5a68"},
	{"V5 pad of one", "", "1760000003", "n4", "abcdefghijk", "B4PcXgtThYsrOQnzxvXRULI7rpe633KCiHSpHuW3QWw=", "9a25907bd8054f38d881fb2d996dfcf0812577ad"},
	{"V6 reply", "", "1760000010", "nonce12345", `{"msgtype":"stream","stream":{"id":"S1","finish":true,"content":"ok"}}`, "B4PcXgtThYsrOQnzxvXRUNGdBQEftQCTZJZNemVOkEY1mVAOJhn3l5AarJSMVRkcQXt38bRqK0xMjqXMo7SDaNHgXeyOTmKuLwxhimIZv5yB4Uku6jboxw+QnbZSW4ws", "779e1506f67b4850b8e11e0815fabe33bb7dd52c"},
}

func TestVectorsBothWays(t *testing.T) {
	t.Parallel()
	key := mustKey(t, simKey43)
	if got := hex.EncodeToString(key); got != simKeyHex {
		t.Fatalf("key = %s, want %s", got, simKeyHex)
	}
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			if got := Seal(key, []byte(simRandom), []byte(v.msg), v.receiveID); got != v.enc {
				t.Errorf("Seal = %s, want %s", got, v.enc)
			}
			got, err := Open(key, v.enc, v.receiveID)
			if err != nil || string(got) != v.msg {
				t.Errorf("Open = %q, %v; want %q", got, err, v.msg)
			}
			if got := Sign(simToken, v.ts, v.nonce, v.enc); got != v.sig {
				t.Errorf("Sign = %s, want %s", got, v.sig)
			}
			c := mustCipher(t, simKey43, simToken, v.receiveID)
			if !c.Verify(v.sig, v.ts, v.nonce, v.enc) {
				t.Error("Verify refused the right signature")
			}
			if c.Verify(strings.ToUpper(v.sig), v.ts, v.nonce, v.enc) || c.Verify(v.sig, v.ts, v.nonce+"x", v.enc) || c.Verify("", v.ts, v.nonce, v.enc) {
				t.Error("Verify took a wrong signature")
			}
			if got, err := c.Open(v.enc); err != nil || string(got) != v.msg {
				t.Errorf("Cipher.Open = %q, %v", got, err)
			}
		})
	}
}

// TestOfficialSample is V7: a key whose last character carries bits that strict base64
// refuses.
func TestOfficialSample(t *testing.T) {
	t.Parallel()
	const (
		token = "QDG6eK"
		corp  = "wx5823bf96d3bd56c7"
		echo  = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
		post  = "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q=="
	)
	c := mustCipher(t, "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", token, corp)
	if !c.Verify("5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3", "1409659589", "263014780", echo) {
		t.Error("echo signature refused")
	}
	if got, err := c.Open(echo); err != nil || string(got) != "1616140317555161061" {
		t.Errorf("echo = %q, %v", got, err)
	}
	if !c.Verify("477715d11cdb4164915debcba66cb864d751f3e6", "1409659813", "1372623149", post) {
		t.Error("message signature refused")
	}
	got, err := c.Open(post)
	if err != nil {
		t.Fatal(err)
	}
	m, err := parseApp(got)
	if err != nil || m.From != "mycreate" || m.Content != "hello" || m.MsgID != "4561255354251345929" || m.AgentID != "218" {
		t.Errorf("parseApp = %+v, %v", m, err)
	}
	if got := resealed(t, c, post); got != post {
		t.Error("sealing the opened message again with its own prefix gave other bytes")
	}
}

// TestPublicSample is V8, from a public implementation's tests.
func TestPublicSample(t *testing.T) {
	t.Parallel()
	const enc = "6KmUQuPVu7UhjyVqRdbo5SfcRqaHvbUlKSHFvBV2ZuR6TIlKsygcfeSd1GDplg1C5KSKr6UPHCaC/nIX3ZNt9w=="
	c := mustCipher(t, "4Ma3YBrSBbX2aez8MJpXGBne5LSDwgGqHbhM9WPYIws", "any", "ww6a112864f8022910")
	if got, err := c.Open(enc); err != nil || string(got) != "94966531020182955848408" {
		t.Fatalf("Open = %q, %v", got, err)
	}
	if got := resealed(t, c, enc); got != enc {
		t.Error("sealing again gave other bytes")
	}
}

// TestMediaFile is V9: a bot's file is the same cipher without the envelope.
func TestMediaFile(t *testing.T) {
	t.Parallel()
	key, err := base64.StdEncoding.DecodeString("ABEiM0RVZneImaq7zN3u/wEjRWeJq83vASNFZ4mrze8=")
	if err != nil {
		t.Fatal(err)
	}
	for want, enc := range map[string]string{
		"hello file":                       "lNubTUiVpHWYxU8U4GcBPf1ZXvwKxC4iWNxZV4Igr8w=",
		"0123456789abcdef0123456789abcdef": "8LjSDfsT6xHx1+XjbLY8xzMpiL2RSrf/MIlUn4uTH3yLo8kVZ0zBv6VTdv5QhlqaefhXjgGEU1oMvx9/khxa0g==",
	} {
		c, err := base64.StdEncoding.DecodeString(enc)
		if err != nil {
			t.Fatal(err)
		}
		before := bytes.Clone(c)
		if got, err := CBCOpen(key, c); err != nil || string(got) != want {
			t.Errorf("CBCOpen = %q, %v; want %q", got, err, want)
		}
		if !bytes.Equal(before, c) {
			t.Error("CBCOpen changed its input")
		}
	}
}

func TestRoundTripEveryLength(t *testing.T) {
	t.Parallel()
	key := mustKey(t, simKey43)
	for n := range 101 {
		for _, id := range []string{"", "wwcorp1"} {
			msg := bytes.Repeat([]byte{byte(n)}, n)
			if got, err := Open(key, SealRandom(key, msg, id), id); err != nil || !bytes.Equal(got, msg) {
				t.Fatalf("length %d: %q, %v", n, got, err)
			}
			c := mustCipher(t, simKey43, simToken, id)
			sealed := c.AppendSeal([]byte("head"), msg)
			if got, err := c.Open(string(sealed[4:])); err != nil || !bytes.Equal(got, msg) || string(sealed[:4]) != "head" {
				t.Fatalf("length %d appended: %q, %v", n, got, err)
			}
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	key := mustKey(t, simKey43)
	good := Seal(key, []byte(simRandom), []byte("hello"), "id")
	raw := func(p string) string { // p encrypted as it is, its padding included
		c := mustCipher(t, simKey43, simToken, "")
		b := []byte(p)
		cipher.NewCBCEncrypter(c.block, c.iv).CryptBlocks(b, b)
		return base64.StdEncoding.EncodeToString(b)
	}
	for name, tc := range map[string]struct{ enc, id string }{
		"empty":               {"", "id"},
		"not base64":          {"!!!!", "id"},
		"half a block":        {base64.StdEncoding.EncodeToString(make([]byte, 15)), "id"},
		"cut":                 {base64.StdEncoding.EncodeToString([]byte(good)[:32]), "id"},
		"other receiver":      {good, ""},
		"receiver's prefix":   {good, "i"},
		"receiver, longer":    {good, "idd"},
		"pad zero":            {raw(strings.Repeat("\x00", 32)), ""},
		"pad over the block":  {raw(strings.Repeat("\x21", 64)), ""},
		"pad not uniform":     {raw(strings.Repeat("x", 30) + "\x01\x02"), ""},
		"pad over everything": {raw(strings.Repeat("\x20", 16)), ""},
		"no room for a head":  {raw(strings.Repeat("x", 12) + strings.Repeat("\x14", 20)), ""},
		"length beyond end":   {raw(simRandom + "\xff\xff\xff\xff" + strings.Repeat("\x0c", 12)), ""},
	} {
		if got, err := Open(key, tc.enc, tc.id); !errors.Is(err, ErrEnvelope) {
			t.Errorf("%s: Open = %q, %v; want ErrEnvelope", name, got, err)
		}
	}
	if _, err := Open(key[:16], good, "id"); err == nil {
		t.Error("a short key opened something")
	}
	if _, err := CBCOpen(key[:16], make([]byte, 32)); err == nil {
		t.Error("a short key decrypted something")
	}
}

func TestKeyRefuses(t *testing.T) {
	t.Parallel()
	for _, k := range []string{"", "short", simKey43 + "x", strings.Repeat("!", 43), simKey43[:42] + "="} {
		_, err := Key(k)
		if err == nil {
			t.Errorf("Key(%q) was taken", k)
		} else if k != "" && strings.Contains(err.Error(), k) {
			t.Errorf("error shows the key: %v", err)
		}
		if _, err := NewCipher(k, "t", ""); err == nil {
			t.Errorf("NewCipher(%q) was taken", k)
		}
	}
}

// FuzzSealOpen: opening what was sealed gives it back, for its receiver only.
func FuzzSealOpen(f *testing.F) {
	f.Add([]byte("hello"), "wwcorp1")
	f.Add([]byte(nil), "")
	f.Fuzz(func(t *testing.T, msg []byte, id string) {
		key := mustKey(t, simKey43)
		enc := SealRandom(key, msg, id)
		if got, err := Open(key, enc, id); err != nil || !bytes.Equal(got, msg) {
			t.Fatalf("Open(Seal(%q)) = %q, %v", msg, got, err)
		}
		if _, err := Open(key, enc, id+"x"); !errors.Is(err, ErrEnvelope) {
			t.Fatalf("opened for another receiver: %v", err)
		}
	})
}

// FuzzOpen: what opens, seals again to the same bytes (so nothing in it was ignored).
func FuzzOpen(f *testing.F) {
	for _, v := range vectors {
		f.Add(v.enc, v.receiveID)
	}
	f.Fuzz(func(t *testing.T, enc, id string) {
		c := mustCipher(t, simKey43, simToken, id)
		if _, err := c.Open(enc); err != nil {
			return
		}
		raw, err := base64.StdEncoding.DecodeString(enc)
		if err != nil {
			t.Fatal(err)
		}
		if got := resealed(t, c, enc); got != base64.StdEncoding.EncodeToString(raw) {
			t.Fatalf("opened %q but sealing again gives %q", enc, got)
		}
	})
}

func BenchmarkEnvelope(b *testing.B) {
	c := mustCipher(b, simKey43, simToken, "")
	msg, enc := []byte(vectors[0].msg), []byte(vectors[0].enc)
	var plain, sealed []byte
	b.ReportAllocs()
	for b.Loop() {
		if !verify(c.token, vectors[0].sig, vectors[0].ts, vectors[0].nonce, enc) {
			b.Fatal("refused")
		}
		if _, err := c.openIn(&plain, enc); err != nil {
			b.Fatal(err)
		}
		sealed = c.AppendSeal(sealed[:0], msg)
	}
}

func mustKey(tb testing.TB, k43 string) []byte {
	tb.Helper()
	key, err := Key(k43)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func mustCipher(tb testing.TB, k43, token, id string) *Cipher {
	tb.Helper()
	c, err := NewCipher(k43, token, id)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// resealed opens enc and seals its message again with the same random prefix.
func resealed(tb testing.TB, c *Cipher, enc string) string {
	tb.Helper()
	raw, err := base64.StdEncoding.DecodeString(enc)
	if err != nil {
		tb.Fatal(err)
	}
	msg, err := c.Open(enc)
	if err != nil {
		tb.Fatal(err)
	}
	p, err := cbcOpen(c.block, c.iv, raw)
	if err != nil {
		tb.Fatal(err)
	}
	return string(appendSeal(nil, c.block, c.iv, p[:16], msg, c.receiveID))
}

package config

import "strings"

// RefuseWeak returns a problem for each key that anybody could know: empty, printed in
// WeCom's documents, or made up by hand. A bot that serves must refuse them: with them
// anybody could speak in a secretary's name. A bot whose Simulator is set talks to this
// machine only and may use any key.
func RefuseWeak(cfg *Config) Problems {
	if cfg.Bot.Simulator != "" {
		return nil
	}
	var ps Problems
	check := func(at Place, what string, s Secret, variety int) {
		key := s.Reveal()
		switch {
		case key == "":
			ps = append(ps, Problem{File: at.File, Line: at.Line, Col: at.Col, What: what + "没有填", Mend: "从企业微信后台复制"})
		case weak(key, variety):
			ps = append(ps, Problem{File: at.File, Line: at.Line, Col: at.Col, What: what + "是公开的或太简单的", Mend: "在企业微信后台点“随机获取”，换一个"})
		}
	}
	if b := cfg.Bot.WeCom.Bot; b.Mode == ModeLongConn {
		check(b.Place, "智能机器人的 Secret ", b.Secret, 10)
	} else {
		check(b.Place, "智能机器人的 Token ", b.Token, 4)
		check(b.Place, "智能机器人的 EncodingAESKey ", b.AESKey, 12)
	}
	if a := cfg.Bot.WeCom.App; a.CorpID != "" {
		check(a.Place, "自建应用的 Secret ", a.Secret, 10)
		check(a.Place, "自建应用的 Token ", a.Token, 4)
		check(a.Place, "自建应用的 EncodingAESKey ", a.AESKey, 12)
	}
	ps.sort()
	return ps
}

// published are keys and tokens that stand in documents, SDKs and examples (WECOM.md §2).
var published = []string{
	"QDG6eK",
	"jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
	"4Ma3YBrSBbX2aez8MJpXGBne5LSDwgGqHbhM9WPYIws",
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ",
	"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
}

// handmade are what people type when asked for a key.
var handmade = []string{"simtoken", "demo", "test", "example", "changeme", "secret", "password", "token", "123456", "abcdef", "qwerty"}

// weak reports whether a key is published, handmade, or of too few different characters.
func weak(key string, variety int) bool {
	for _, p := range published {
		if key == p {
			return true
		}
	}
	lower := strings.ToLower(key)
	for _, h := range handmade {
		if strings.HasPrefix(lower, h) {
			return true
		}
	}
	seen := make(map[rune]bool)
	for _, r := range key {
		seen[r] = true
	}
	return len(seen) < variety
}

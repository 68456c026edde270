package config

import (
	"encoding/base64"
	"regexp"
	"strconv"
	"strings"
)

var envForm = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,63}$`)

// readEnv reads secrets.env: lines NAME=value, blank lines and # comments. What it
// reports never holds a value.
func readEnv(file, data string, report func(Problem)) map[string]string {
	env := make(map[string]string)
	for i, line := range strings.Split(strings.TrimPrefix(data, "\ufeff"), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, val, ok := strings.Cut(line, "=")
		name = strings.TrimSpace(strings.TrimPrefix(name, "export "))
		if !ok || !envForm.MatchString(name) {
			report(Problem{File: file, Line: i + 1, Col: 1, What: "这一行读不懂", Mend: "写成 名称=值，名称只用大写字母、数字和下划线"})
			continue
		}
		if _, twice := env[name]; twice {
			report(Problem{File: file, Line: i + 1, Col: 1, What: "“" + name + "”写了两遍", Mend: "留一行"})
			continue
		}
		env[name] = unquote(strings.TrimSpace(val))
	}
	return env
}

func unquote(s string) string {
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}

// secret reads the name of an environment variable and looks the secret up. Neither
// what it reports nor the Config holds what stands in the file if it is no name: someone
// may have put the key itself there.
func (v value) secret() (Secret, string) {
	name := v.text()
	if name == "" {
		return "", ""
	}
	if !envForm.MatchString(name) {
		v.problem(v.at, "“"+v.key+"”要写环境变量的名称，不是密钥本身", "例如 WECOM_BOT_TOKEN，密钥写进 secrets.env")
		return "", ""
	}
	if v.lookup == nil {
		return "", name
	}
	s, ok := v.lookup(name)
	switch {
	case !ok:
		v.problem(v.at, "环境变量 "+name+" 没有设置", "写进 secrets.env 或服务的环境")
	case strings.TrimSpace(s) == "" && v.key != "password_env":
		v.problem(v.at, "环境变量 "+name+" 是空的", "填上密钥")
	}
	return Secret(strings.TrimSpace(s)), name
}

var (
	tokenForm = regexp.MustCompile(`^[0-9A-Za-z]{1,32}$`)
	aesForm   = regexp.MustCompile(`^[0-9A-Za-z]{43}$`)
	hookForm  = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)
)

// token reads a callback's Token.
func (v value) token() Secret {
	s, name := v.secret()
	if s != "" && !tokenForm.MatchString(s.Reveal()) {
		v.problem(v.at, "环境变量 "+name+" 里的 Token 不对", "应是1到32个字母或数字，从企业微信后台复制")
	}
	return s
}

// aesKey reads a callback's EncodingAESKey.
func (v value) aesKey() Secret {
	s, name := v.secret()
	if s == "" {
		return s
	}
	if n := len([]rune(s.Reveal())); n != 43 {
		v.problem(v.at, "环境变量 "+name+" 里的 EncodingAESKey 有"+strconv.Itoa(n)+"个字符", "应是43个，从企业微信后台整个复制")
	} else if _, err := base64.StdEncoding.DecodeString(s.Reveal() + "="); err != nil || !aesForm.MatchString(s.Reveal()) {
		v.problem(v.at, "环境变量 "+name+" 里的 EncodingAESKey 有不该有的字符", "应是43个字母或数字，从企业微信后台整个复制")
	}
	return s
}

// webhook reads a webhook robot's key; the robot's whole address is fine too.
func (v value) webhook() (Secret, string) {
	s, name := v.secret()
	if _, key, whole := strings.Cut(s.Reveal(), "key="); whole {
		key, _, _ = strings.Cut(key, "&")
		s = Secret(key)
	}
	if s != "" && !hookForm.MatchString(s.Reveal()) {
		v.problem(v.at, "环境变量 "+name+" 里的群机器人地址不对", "从群机器人的设置里整个复制，或只写 key= 后面的部分")
	}
	return s, name
}

package config

import (
	"net"
	"net/url"
	"strconv"
	"strings"
)

// defaultBot is what bot.yaml says if it says nothing.
func defaultBot() Bot {
	return Bot{
		Listen:      "0.0.0.0:8080",
		AdminListen: "127.0.0.1:9090",
		Redis:       Redis{Addrs: []string{"127.0.0.1:6379"}},
		WeCom: WeCom{
			APIBase: "https://qyapi.weixin.qq.com",
			WSURL:   "wss://openws.work.weixin.qq.com",
			Bot:     BotAccount{Name: "防控助手", Mode: ModeCallback, Path: "/wecom/bot"},
			App:     AppAccount{Path: "/wecom/app"},
		},
	}
}

// readBot reads bot.yaml.
func readBot(top value) Bot {
	b := defaultBot()
	o := top.object()
	defer o.close()
	b.Listen = o.get("listen").hostPort(b.Listen)
	b.AdminListen = o.get("admin_listen").hostPort(b.AdminListen)
	if admin := o.get("admin_listen"); b.AdminListen == b.Listen && !strings.HasSuffix(b.Listen, ":0") && !admin.missing { // :0 is a free port, another each time
		admin.problem(admin.at, "admin_listen 和 listen 是同一个地址", "换一个端口，管理页面不要对外")
	} else if !admin.missing && !loopback(b.AdminListen) {
		admin.warn(admin.at, "admin_listen 别的机器也能打开", "没有防火墙就写 127.0.0.1")
	}
	b.Redis = readRedis(o.get("redis"), b.Redis)
	b.SealKeysDir = o.get("seal_keys_dir").need().text()
	b.CAFile = o.get("ca_file").text()
	b.Simulator = o.get("simulator").simulator()
	b.WeCom = readWeCom(o.get("wecom").need(), b.WeCom)
	return b
}

func readRedis(v value, r Redis) Redis {
	o := v.object()
	defer o.close()
	if addrs := o.get("addrs"); !addrs.missing {
		r.Addrs = nil
		for _, a := range addrs.need().items() {
			r.Addrs = append(r.Addrs, a.hostPort(""))
		}
	}
	r.Username = o.get("username").text()
	r.Password, _ = o.get("password_env").secret()
	r.Master = o.get("master").text()
	r.Cluster = o.get("cluster").yes(false)
	r.TLS = o.get("tls").yes(false)
	if r.Cluster && r.Master != "" {
		o.problem(o.get("cluster").at, "Redis 不能又是集群又有 master", "集群去掉 master，哨兵写 cluster: false")
	}
	return r
}

func readWeCom(v value, w WeCom) WeCom {
	o := v.object()
	defer o.close()
	if base := o.get("api_base"); !base.missing {
		w.APIBase = strings.TrimRight(base.address("https", "http"), "/")
	}
	if ws := o.get("ws_url"); !ws.missing {
		w.WSURL = strings.TrimRight(ws.address("wss", "ws"), "/")
	}
	w.Bot = readBotAccount(o.get("bot").need(), w.Bot)
	w.App = readAppAccount(o.get("app"), w.App)
	if paths := o.get("app").at; w.App.CorpID != "" && w.App.Path == w.Bot.Path {
		o.problem(paths, "app 和 bot 的 path 相同", "两个回调要用两个路径")
	}
	return w
}

func readBotAccount(v value, b BotAccount) BotAccount {
	o := v.object()
	defer o.close()
	b.Place = v.at
	b.ID = o.get("id").text()
	if name := o.get("name").need().text(); name != "" {
		b.Name = name
	}
	b.Mode = o.get("mode").oneOf(b.Mode, ModeCallback, ModeLongConn)
	b.Path = o.get("path").route(b.Path)
	token, aes, secret := o.get("token_env"), o.get("aes_key_env"), o.get("secret_env")
	// What the other mode needs may stay in the file, unset.
	if b.Mode == ModeLongConn {
		o.get("id").need()
		b.Secret, _ = secret.need().secret()
		return b
	}
	b.Token, b.AESKey = token.need().token(), aes.need().aesKey()
	return b
}

func readAppAccount(v value, a AppAccount) AppAccount {
	o := v.object()
	defer o.close()
	a.Place = v.at
	corp := o.get("corp_id")
	a.CorpID = corp.text()
	a.AgentID = o.get("agent_id").number(0, 0, 1<<31-1)
	a.Path = o.get("path").route(a.Path)
	secret, token, aes := o.get("secret_env"), o.get("token_env"), o.get("aes_key_env")
	if a.CorpID == "" {
		if !v.missing {
			o.warn(corp.at, "corp_id 是空的，自建应用没有启用", "催报和私信要靠它，请从企业微信后台复制")
		} else if !v.excused {
			v.warn(v.at, "没有“app”，自建应用没有启用", "催报和私信要靠它")
		}
		return a
	}
	if a.AgentID == 0 {
		o.problem(o.get("agent_id").at, "有 corp_id 没有 agent_id", "从自建应用的页面复制")
	}
	a.Secret, _ = secret.need().secret()
	a.Token, a.AESKey = token.need().token(), aes.need().aesKey()
	return a
}

// hostPort returns an address to listen on or to dial.
func (v value) hostPort(otherwise string) string {
	s := v.text()
	if s == "" {
		return otherwise
	}
	host, port, err := net.SplitHostPort(s)
	n, perr := strconv.Atoi(port)
	if err != nil || perr != nil || n < 0 || n > 65535 || strings.ContainsAny(host, "/ ") {
		v.problem(v.at, "地址“"+s+"”不对", "写成 主机:端口，如 127.0.0.1:8080")
		return otherwise
	}
	return s
}

// address returns a URL with one of two schemes; the second, which is not encrypted,
// only to this machine.
func (v value) address(safe, bare string) string {
	s := v.text()
	u, err := url.Parse(s)
	switch {
	case s == "":
	case err != nil || u.Host == "" || u.Scheme != safe && u.Scheme != bare || u.RawQuery != "" || u.User != nil:
		v.problem(v.at, "“"+v.key+"”的网址不对", "写成 "+safe+"://主机")
	case (u.Scheme == "http" || u.Scheme == "ws") && !loopback(u.Host):
		v.problem(v.at, "“"+v.key+"”没有加密", "换成 "+strings.TrimSuffix(u.Scheme, "s")+"s://")
	default:
		return s
	}
	return ""
}

// simulator returns the URL of a simulator, which must run on this machine: its clock
// and its people are believed.
func (v value) simulator() string {
	s := v.text()
	u, err := url.Parse(s)
	if s != "" && (err != nil || u.Scheme != "http" || !loopback(u.Host)) {
		v.problem(v.at, "simulator 只能在本机", "写成 http://127.0.0.1:端口，正式使用就去掉这一行")
		return ""
	}
	return strings.TrimRight(s, "/")
}

// route returns the path of a callback.
func (v value) route(otherwise string) string {
	s := v.text()
	if s == "" {
		return otherwise
	}
	if s[0] != '/' || strings.ContainsAny(s, " ?#{}") {
		v.problem(v.at, "路径“"+s+"”不对", "以 / 开头，如 "+otherwise)
		return otherwise
	}
	return s
}

// loopback reports whether host, with or without a port, is this machine.
func loopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

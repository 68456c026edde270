package wecom

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Error is a failed exchange with the platform. It holds no URL, no key, no token and
// no message text, so it may be logged and shown to the administrator as it is.
//
// An exchange ends in one of four ways, and exactly one of these is true of an Error:
// Retryable (not delivered; the same again later may work), Unknown (it may have been
// delivered), Fatal (not delivered; the same again cannot work). Success is no Error.
type Error struct {
	Op     string // what was tried: token, webhook, message, appchat, upload, update card, resolve userid, push, reply …
	Code   int    // the platform's errcode (doc path 90313; WECOM.md §14); 0 if there was none
	Msg    string // the platform's words or ours, shortened and with secrets taken out
	Wrote  bool   // the request may have reached the platform and had its effect; false for calls that have none
	Status int    // HTTP status; 0 if no answer came (long connection: always 0)

	after time.Duration // what the server asked us to wait, if it did
	cause error         // context.DeadlineExceeded, context.Canceled or nil
}

// Error says what was tried, the code and the platform's words.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	if e.Code != 0 {
		fmt.Fprintf(&b, ": errcode %d", e.Code)
	} else if e.Status != 0 && e.Status != http.StatusOK {
		fmt.Fprintf(&b, ": http %d", e.Status)
	}
	if e.Msg != "" {
		b.WriteString(": ")
		b.WriteString(e.Msg)
	}
	if e.Unknown() {
		b.WriteString(" (outcome unknown)")
	}
	return b.String()
}

// Unwrap returns context.DeadlineExceeded or context.Canceled if that was the cause.
func (e *Error) Unwrap() error { return e.cause }

// Retryable reports whether the same request may succeed later: the platform refused it
// for now, or it never left. It is false when the outcome is unknown.
func (e *Error) Retryable() bool {
	if e.Code != 0 {
		r := codes[e.Code]
		return r.verdict == again || r.verdict == refresh
	}
	switch {
	case e.Status == http.StatusTooManyRequests, e.Status == http.StatusServiceUnavailable:
		return true
	case e.Status >= 300 && e.Status < 500:
		return false
	}
	return !e.Wrote
}

// Unknown reports whether the request was written but no usable answer came back: it may
// have been delivered. A gateway's 5xx and a page instead of JSON count as no answer;
// 503, 429 and other 4xx say that nothing was delivered.
func (e *Error) Unknown() bool {
	switch {
	case e.Code != 0 || !e.Wrote:
		return false
	case e.Status >= 300 && e.Status < 500, e.Status == http.StatusServiceUnavailable:
		return false
	}
	return true
}

// Fatal reports whether repeating the request is pointless until a person mends
// something; Advice says what.
func (e *Error) Fatal() bool { return !e.Retryable() && !e.Unknown() }

// After is how long to wait before a retryable request is tried again; 0 if it is not
// retryable.
func (e *Error) After() time.Duration {
	if !e.Retryable() {
		return 0
	}
	if e.after > 0 {
		return e.after
	}
	if r, ok := codes[e.Code]; ok && r.after > 0 {
		return r.after
	}
	if e.Status != 0 {
		return 30 * time.Second // 429, 503
	}
	return 5 * time.Second // the network
}

// Alert reports whether the administrator should hear of it at once: a key, secret,
// permission or address is wrong and every further message will fail too.
func (e *Error) Alert() bool { return codes[e.Code].alert }

// Advice is one Chinese sentence for the administrator: what is wrong and the mend.
func (e *Error) Advice() string {
	if r, ok := codes[e.Code]; ok && e.Code != 0 {
		return r.advice
	}
	switch {
	case e.Code != 0:
		return "企业微信返回了未收录的错误码 " + strconv.Itoa(e.Code) + "，请到开发者中心的全局错误码页查一下。"
	case e.Unknown():
		return "请求已发出，但没有收到企业微信的答复，是否送达不明。"
	case e.Status != 0 && e.Status != http.StatusOK:
		return "企业微信接口返回 HTTP " + strconv.Itoa(e.Status) + "，请检查代理和接口地址 api_base。"
	}
	return "连不上企业微信，请检查网络、代理和证书；恢复后会自动补发。"
}

// undeliverable reports a reply that must take another road: the request it answers is
// gone or the kind of reply is refused there.
func (e *Error) undeliverable() bool { return codes[e.Code].verdict == reroute }

// limited reports a refusal because of how much was said lately.
func (e *Error) limited() bool { return e.Code == 45009 || e.Code == 846607 }

// verdict is what a code asks of us.
type verdict uint8

const (
	stop    verdict = iota // give up, mend the input or the configuration
	again                  // the same later
	refresh                // a new token, then the same once
	reroute                // the same content by another road (aibot_send_msg)
)

// rule is one line of the table.
type rule struct {
	verdict verdict
	after   time.Duration
	alert   bool
	advice  string
}

// codes is WECOM.md §14, the platform's public list (doc path 90313) and the codes seen
// on the long connection. A code that is not here is fatal.
var codes = map[int]rule{
	-1:     {again, 5 * time.Second, false, "企业微信系统繁忙，稍后自动再发。"},
	6000:   {again, time.Second, false, "企业微信提示数据版本冲突，稍后自动再发。"},
	45009:  {again, time.Minute, false, "发送太频繁被企业微信限流，一分钟后自动再发。"},
	45033:  {again, 2 * time.Second, false, "同时发送的请求太多，稍后自动再发。"},
	846607: {again, time.Minute, false, "智能机器人发送太频繁被限流，一分钟后自动再发。"},
	846609: {again, 2 * time.Second, false, "智能机器人长连接掉线，重连后自动再发。"},

	40014: {refresh, time.Minute, false, "access_token 失效，换新后仍不行；请确认没有别的程序在用同一个应用的 Secret。"},
	42001: {refresh, time.Minute, false, "access_token 过期，换新后仍不行；请确认服务器时间正确。"},

	846605: {reroute, 0, false, "这条消息的回复通道已失效，改用主动发送。"},
	846608: {reroute, 0, false, "这条回复已超过可更新的时间，改用主动发送。"},
	600039: {reroute, 0, false, "该会话不接受流式回复，改用主动发送。"},

	40001:  {stop, 0, true, "应用的 Secret 不对或应用已停用：请到管理后台“应用管理”里核对 Secret。"},
	40013:  {stop, 0, true, "企业 ID（corp_id）不对：请到管理后台“我的企业”里核对。"},
	40056:  {stop, 0, true, "应用的 agent_id 不对：请到管理后台“应用管理”里核对。"},
	40201:  {stop, 0, true, "内容被企业微信反垃圾拦截：请检查是否短时间内大量相同内容。"},
	48002:  {stop, 0, true, "应用没有这个接口的权限：请到管理后台给应用开通。"},
	50002:  {stop, 0, true, "成员不在应用可见范围内：请到管理后台调整应用的可见范围。"},
	50003:  {stop, 0, true, "应用已停用：请到管理后台重新启用。"},
	60020:  {stop, 0, true, "服务器 IP 不在应用的“企业可信IP”里：请到管理后台添加，约一分钟后生效。"},
	93000:  {stop, 0, true, "群机器人的 webhook 无效，或机器人已被移出群：请在群里重新添加并换上新的 key。"},
	93004:  {stop, 0, true, "群机器人已被停用：请在群设置里启用。"},
	93008:  {stop, 0, true, "机器人不在群里：请把它加回群。"},
	93019:  {stop, 0, true, "智能机器人的 ID 不对：请到机器人的 API 设置里核对。"},
	853000: {stop, 0, true, "智能机器人的 ID 或 Secret 不对：请到机器人的 API 设置里核对。"},

	40003:  {stop, 0, false, "收信人的 userid 不存在：请核对名单。"},
	40031:  {stop, 0, false, "收信人名单里有不存在的 userid：请核对名单。"},
	60111:  {stop, 0, false, "收信人的 userid 不存在：请核对名单。"},
	60021:  {stop, 0, false, "收信人不在应用可见范围内：请到管理后台调整可见范围。"},
	60011:  {stop, 0, false, "应用没有查看该成员的权限：请到管理后台调整可见范围。"},
	81013:  {stop, 0, false, "收信人全部无效：请核对名单和应用可见范围。"},
	82001:  {stop, 0, false, "没有指定收信人。"},
	82002:  {stop, 0, false, "指定的部门超过 100 个。"},
	82003:  {stop, 0, false, "指定的标签太多。"},
	40032:  {stop, 0, false, "一次发送的收信人超过 1000 个。"},
	40004:  {stop, 0, false, "媒体文件类型不对。"},
	40005:  {stop, 0, false, "上传的文件类型参数不对。"},
	40006:  {stop, 0, false, "文件大小不符合要求。"},
	40007:  {stop, 0, false, "文件的 media_id 无效或已过期（3 天），请重新上传。"},
	40008:  {stop, 0, false, "该渠道不支持这种消息类型。"},
	40009:  {stop, 0, false, "图片大小不符合要求。"},
	45001:  {stop, 0, false, "文件太大。"},
	45002:  {stop, 0, false, "内容太长，企业微信拒收。"},
	45007:  {stop, 0, false, "语音超过 60 秒。"},
	45008:  {stop, 0, false, "图文超过 8 条。"},
	45034:  {stop, 0, false, "链接缺少 http:// 或 https://。"},
	40029:  {stop, 0, false, "网页登录的 code 无效或已用过，请重新打开页面。"},
	40033:  {stop, 0, false, "请求里有 \\u 转义字符，企业微信拒收。"},
	40035:  {stop, 0, false, "请求参数不合法。"},
	40058:  {stop, 0, false, "请求参数不合法或内容超长。"},
	40050:  {stop, 0, false, "群聊不存在：请重新绑定该群。"},
	86001:  {stop, 0, false, "群聊 ID 不合法：请重新绑定该群。"},
	86003:  {stop, 0, false, "群聊不存在：请重新绑定该群。"},
	86201:  {stop, 0, false, "没有指定群聊。"},
	93006:  {stop, 0, false, "群聊 ID 不对，或群里还没有人 @ 过机器人：请在群里先 @ 它一次。"},
	40063:  {stop, 0, false, "必填的参数是空的。"},
	41001:  {stop, 0, false, "请求缺少 access_token。"},
	44001:  {stop, 0, false, "上传的文件是空的。"},
	44004:  {stop, 0, false, "消息内容是空的。"},
	50001:  {stop, 0, false, "网页域名不在应用的可信域名里：请到管理后台设置。"},
	86004:  {stop, 0, false, "群名不合法。"},
	86005:  {stop, 0, false, "群主不合法。"},
	86006:  {stop, 0, false, "群成员太多或太少（2 到 2000 人）。"},
	86007:  {stop, 0, false, "群成员不合法。"},
	86008:  {stop, 0, false, "该群不是本应用建的，应用不能往里发。"},
	86207:  {stop, 0, false, "群主不在成员名单里。"},
	86215:  {stop, 0, false, "该群聊 ID 已经存在。"},
	86216:  {stop, 0, false, "群成员里有不合法的 userid。"},
	86217:  {stop, 0, false, "发送者不在群里。"},
	301019: {stop, 0, false, "文件的 MD5 不符，请重新上传。"},
	830002: {stop, 0, false, "文件超过 20 MB，要分段下载。"},
}

// Codes we give ourselves, where the platform would have said the same.
const (
	codeTooLong       = 45002
	codeEmptyFile     = 44001
	codeFileTooLarge  = 45001
	codeParameter     = 40058
	codeEmpty         = 44004
	codeNoRecipient   = 81013
	codeNotSubscribed = 846609
	codeConflict      = 6000
)

// maxMsg bounds the platform's words kept in an error, in bytes.
const maxMsg = 160

// clean shortens the platform's or the network's words and takes secrets out of them:
// the ones named, and whatever follows a parameter that carries one.
func clean(msg string, secrets ...string) string {
	for _, s := range secrets {
		if s != "" {
			msg = strings.ReplaceAll(msg, s, hidden)
			msg = strings.ReplaceAll(msg, url.QueryEscape(s), hidden)
		}
	}
	for _, name := range []string{"access_token=", "corpsecret=", "response_code=", "key=", "secret="} {
		msg = hideAfter(msg, name)
	}
	// ", hint: [..], from ip: .., more info at .." is for the platform's own support.
	if i := strings.Index(msg, ", hint:"); i >= 0 {
		msg = msg[:i]
	}
	msg = strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(msg, "?"))
	return prefix(msg, maxMsg)
}

// hideAfter replaces the value behind each name, up to the next delimiter.
func hideAfter(msg, name string) string {
	var b strings.Builder
	for {
		i := strings.Index(msg, name)
		if i < 0 {
			break
		}
		i += len(name)
		b.WriteString(msg[:i])
		msg = msg[i:]
		n := strings.IndexAny(msg, "&\"' ,;\n\t)")
		if n < 0 {
			n = len(msg)
		}
		if n > 0 {
			b.WriteString(hidden)
		}
		msg = msg[n:]
	}
	b.WriteString(msg)
	return b.String()
}

// reason keeps of err only what callers test for; its text goes through clean, because
// Go's *url.Error quotes the whole URL.
func reason(err error, secrets ...string) (msg string, cause error) {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "time budget used up", context.DeadlineExceeded
	case errors.Is(err, context.Canceled):
		return "canceled", context.Canceled
	}
	return clean(err.Error(), secrets...), nil
}

// retryAfter reads a Retry-After header in seconds, bounded to ten minutes.
func retryAfter(h http.Header) time.Duration {
	n, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || n <= 0 {
		return 0
	}
	return min(time.Duration(n)*time.Second, 10*time.Minute)
}

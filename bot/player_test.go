package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/tools/txtar"

	"github.com/google/go-cmp/cmp"

	"juwei/config"
	"juwei/store"
	"juwei/store/storetest"
)

var update = flag.Bool("update", false, "rewrite the transcripts with what was said")

// The transcripts under testdata/chat are the specification of what the bot says. A file
// looks like the chat window; its section chat.txt is played through the whole program:
// encrypted callbacks in, the simulated platform's record out.
//
//	= 2020-02-13 15:30            move the clock there
//	梅园书记> 日报 同昨             say it in the bot's 1:1 chat
//	梅园书记@应用> 1               say it in the app's 1:1 chat
//	梅园书记@书记群> /零报          say it in a group, mentioning the bot
//	梅园书记@书记群 引用 推送> 收到  the same, quoting the last message that 推送 said there
//	纪工委二 按 通过                press that button of the last card in the app's chat
//	! again                       deliver the last message a second time
//	! redis down / ! redis up     take Redis away and give it back
//	! fault webhook/send drop_response 1
//	! open                        write down the first rows of the last file that was sent
//	! in g-new 管理员> /绑定        say it in a group nobody has registered
//	! damage 日报 2020-02-13 梅园   make a report unreadable
//	# a remark
//
// A section named street changes the demo street first (changeStreet).
//
// Lines that begin with the bot's name, 推送 or 应用 are what came back, and are compared
// as a whole. A line that begins with two spaces continues the one above.
func TestChat(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/chat/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			t.Run("miniredis", func(t *testing.T) {
				t.Parallel()
				playFile(t, file, storetest.Mini(t), *update)
			})
			if s := storetest.Start(t); s.Real() && !*update { // with -update the other half rewrites the file
				t.Run("redis", func(t *testing.T) {
					t.Parallel()
					playFile(t, file, s, false)
				})
			}
		})
	}
}

func playFile(t *testing.T, file string, server *storetest.Server, rewrite bool) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	ar := txtar.Parse(data)
	street := ""
	for _, section := range ar.Files {
		if section.Name == "street" {
			street = string(section.Data)
		}
	}
	for i, section := range ar.Files {
		if section.Name != "chat.txt" {
			continue
		}
		p := newPlayer(t, server, street)
		want := string(section.Data)
		got := p.play(want)
		if rewrite && got != want {
			ar.Files[i].Data = []byte(got)
			if err := os.WriteFile(file, txtar.Format(ar), 0o600); err != nil {
				t.Fatal(err)
			}
			return
		}
		if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
		return
	}
	t.Fatalf("%s has no section chat.txt", file)
}

// player is a demo with a transcript going through it.
type player struct {
	t     testing.TB
	demo  *demo
	base  string
	seq   int64
	out   strings.Builder
	names map[string]string // chat id → how the transcript calls it
	ids   map[string]string // name → userid or chat id
	last  map[string]any    // the last thing sent
	up    func()            // gives Redis back
}

func newPlayer(t *testing.T, server *storetest.Server, street string) *player {
	t.Helper()
	d := startDemoAt(t, server, startOf(street), func(s *config.Street) { changeStreet(t, s, street) })
	p := playerAt(t, "http://"+d.addr, d.app.works().cfg.Streets[0])
	p.demo = d
	return p
}

// playerAt plays against a simulator at base, whose street is s.
func playerAt(t *testing.T, base string, s *config.Street) *player {
	t.Helper()
	p := &player{t: t, base: base, names: map[string]string{}, ids: map[string]string{}}
	for _, c := range s.Chats {
		p.names[c.ChatID], p.ids[c.Name] = c.Name, c.ChatID
	}
	for _, person := range s.People {
		p.names[person.UserID] = person.Title
		p.names["app:"+person.UserID] = person.Title
		p.ids[person.Title] = person.UserID
	}
	p.ids["陌生人"], p.names["nobody"] = "nobody", "陌生人"
	p.seq = p.latest()
	return p
}

// startDemo starts a demo on a free port, its street on the given Redis under a code of
// its own. It is stopped with the test.
func startDemo(t *testing.T, server *storetest.Server, change func(*config.Street)) *demo {
	t.Helper()
	return startDemoAt(t, server, demoStart, change)
}

// startDemoAt is startDemo with the clock somewhere else.
func startDemoAt(t *testing.T, server *storetest.Server, at string, change func(*config.Street)) *demo {
	t.Helper()
	d := &demo{
		flags: demoFlags{listen: "127.0.0.1:0", at: at}, out: io.Discard,
		log:   slog.New(slog.DiscardHandler),
		given: server.Open(t),
		edit: func(cfg *config.Config) {
			cfg.Streets[0].Code = storetest.Street(t)
			if change != nil {
				change(cfg.Streets[0])
			}
		},
	}
	if err := d.start(context.Background()); err != nil {
		t.Fatalf("start demo: %v", err)
	}
	t.Cleanup(func() {
		if err := d.stop(); err != nil {
			t.Errorf("stop demo: %v", err)
		}
	})
	return d
}

// startOf is where the clock of a transcript starts.
func startOf(changes string) string {
	for line := range strings.Lines(changes) {
		if at, ok := strings.CutPrefix(strings.TrimSpace(line), "at "); ok {
			return at
		}
	}
	return demoStart
}

func (p *player) latest() int64 {
	list := p.messages(0)
	if len(list) == 0 {
		return 0
	}
	return list[len(list)-1].Seq
}

// play plays a chat and returns it with everything that was said.
func (p *player) play(chat string) string {
	p.t.Helper()
	lines := strings.Split(strings.TrimRight(chat, "\n"), "\n")
	for i := 0; i < len(lines); {
		line := lines[i]
		i++
		block := []string{line}
		for i < len(lines) && strings.HasPrefix(lines[i], "  ") {
			block = append(block, lines[i])
			i++
		}
		if p.isAnswer(line) {
			continue
		}
		fmt.Fprintln(&p.out, strings.Join(block, "\n"))
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
			continue
		case strings.HasPrefix(line, "= "):
			p.clock(strings.TrimPrefix(line, "= "))
		case strings.HasPrefix(line, "! "):
			p.verb(strings.TrimPrefix(line, "! "))
		default:
			p.say(block)
		}
		p.collect()
	}
	if p.up != nil {
		p.t.Error("the transcript ends with redis down")
	}
	return p.out.String()
}

// The voices of the street's side, and what stands in a file.
var voices = []string{"防控助手", "推送", "应用", "打开"}

func (p *player) isAnswer(line string) bool {
	for _, v := range voices {
		if strings.HasPrefix(line, v+"@") {
			return true
		}
	}
	return false
}

func (p *player) clock(at string) {
	p.t.Helper()
	when, err := parseAt(strings.TrimSpace(at))
	if err != nil {
		p.t.Fatal(err)
	}
	p.post("/sim/clock", map[string]any{"set": when.Format(time.RFC3339)})
}

func (p *player) verb(line string) {
	p.t.Helper()
	words := strings.Fields(line)
	switch {
	case line == "again":
		p.again()
	case line == "open":
		p.open()
	case line == "redis down":
		p.up = storetest.Down(p.t, p.demo.app.store)
	case line == "redis up":
		p.up()
		p.up = nil
		p.post("/sim/clock", map[string]any{"advance": "0s"})
	case words[0] == "fault" && len(words) == 4:
		fault := map[string]any{"endpoint": words[1], "kind": words[2], "count": 1}
		if words[2] == "errcode" || words[2] == "http" {
			var n int
			fmt.Sscan(words[3], &n)
			fault["value"] = n
		}
		p.post("/sim/fault", fault)
	case words[0] == "damage" && len(words) == 4: // form, day, unit: a report nobody can read
		change := store.Put(store.Reports(words[1], words[2]), words[3], store.Any, "damaged")
		if _, err := p.demo.app.store.Commit(p.t.Context(), store.Act{Street: p.demo.app.works().cfg.Streets[0].Code, Changes: []store.Change{change}}); err != nil {
			p.t.Fatal(err)
		}
	case words[0] == "in":
		chat := words[1]
		p.names[chat] = chat
		rest := strings.TrimPrefix(line, "in "+chat+" ")
		who, text, _ := strings.Cut(rest, "> ")
		p.send(chat, p.ids[who], text, "", "")
	default:
		p.t.Fatalf("unknown verb %q", line)
	}
}

func (p *player) say(block []string) {
	p.t.Helper()
	head, text, ok := strings.Cut(block[0], "> ")
	if !ok {
		if who, button, press := strings.Cut(block[0], " 按 "); press {
			p.press(p.id(who), button)
			return
		}
		p.t.Fatalf("cannot read %q", block[0])
	}
	for _, more := range block[1:] {
		text += "\n" + strings.TrimPrefix(more, "  ")
	}
	head, quoted, _ := strings.Cut(head, " 引用 ")
	head, kind, _ := strings.Cut(head, " 发")
	who, where, inChat := strings.Cut(head, "@")
	chat := p.id(who)
	switch {
	case where == "应用":
		chat = "app:" + chat
	case inChat:
		chat = p.id(where)
	}
	quote := ""
	if quoted != "" {
		for _, m := range p.messages(0) {
			if m.Chat == chat && m.From == quoted {
				quote = m.Text
			}
		}
		if quote == "" {
			p.t.Fatalf("%s has said nothing in %s", quoted, where)
		}
	}
	p.send(chat, p.id(who), text, quote, map[string]string{"图片": "image", "语音": "voice", "进入": "enter"}[kind])
}

func (p *player) id(name string) string {
	p.t.Helper()
	id, ok := p.ids[name]
	if !ok {
		p.t.Fatalf("nobody is called %q", name)
	}
	return id
}

func (p *player) send(chat, from, text, quote, kind string) {
	p.t.Helper()
	p.last = map[string]any{"chat": chat, "from": from, "text": text, "quote": quote, "kind": kind}
	var out struct {
		MsgID     string `json:"msgid"`
		Violation string `json:"violation"`
	}
	if err := json.Unmarshal(p.post("/sim/send", p.last), &out); err != nil {
		p.t.Fatal(err)
	}
	if out.Violation != "" {
		p.t.Errorf("the platform would refuse the answer to %q: %s", text, out.Violation)
	}
	p.last["msgid"] = out.MsgID
}

// again delivers the last message a second time and writes down the answer, which the
// chat window does not show twice.
func (p *player) again() {
	p.t.Helper()
	var out struct {
		Reply struct {
			Text   struct{ Content string }
			Stream struct{ Content string }
		}
	}
	if err := json.Unmarshal(p.post("/sim/send", p.last), &out); err != nil {
		p.t.Fatal(err)
	}
	chat := p.last["chat"].(string)
	voice, text := "防控助手", out.Reply.Stream.Content
	if strings.HasPrefix(chat, "app:") {
		voice, text = "应用", out.Reply.Text.Content
	}
	p.write(voice, p.names[chat], text)
	p.seq = p.latest()
}

// open writes down the first six rows of the last workbook that was sent, its cells between
// bars, and its last but one, the totals; of a text file, its lines.
func (p *player) open() {
	p.t.Helper()
	list := p.messages(0)
	i := len(list) - 1
	for i >= 0 && list[i].File == nil {
		i--
	}
	if i < 0 {
		p.t.Fatal("no file was sent")
	}
	data := p.get(list[i].File.Src)
	if !strings.HasSuffix(list[i].File.Name, ".xlsx") {
		p.write("打开", list[i].File.Name, strings.TrimRight(string(data), "\n"))
		return
	}
	book, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		p.t.Fatal(err)
	}
	defer book.Close()
	rows, err := book.GetRows(book.GetSheetName(0))
	if err != nil {
		p.t.Fatal(err)
	}
	var lines []string
	for n, row := range rows {
		if n < 6 || len(row) > 1 && strings.HasPrefix(row[0], "合计") {
			lines = append(lines, strings.Join(row, "｜"))
		}
	}
	p.write("打开", list[i].File.Name, strings.Join(lines, "\n"))
}

// checkCode is a hash or a seed that another run, with other keys, says differently.
var checkCode = regexp.MustCompile(`[0-9a-f]{24,64}`)

func (p *player) write(voice, chat, text string) {
	text = checkCode.ReplaceAllString(text, "〔校验码〕")
	fmt.Fprintf(&p.out, "%s@%s> %s\n", voice, chat, strings.ReplaceAll(text, "\n", "\n  "))
}

func (p *player) press(from, button string) {
	p.t.Helper()
	chat := "app:" + from
	list := p.messages(0)
	for i := len(list) - 1; i >= 0; i-- {
		m := list[i]
		if m.Chat != chat || m.Card == nil {
			continue
		}
		for _, b := range m.Card.Buttons {
			if b.Text == button {
				before := p.latest()
				p.post("/sim/click", map[string]any{"chat": chat, "from": from, "task_id": m.Card.Task, "key": b.Key})
				p.answered(chat, before)
				return
			}
		}
	}
	p.t.Fatalf("no button %q", button)
}

// answered waits until something was said in a chat after a message: what a pressed button
// is answered with comes behind the callback's 200, as a message of its own. The same answer
// as a moment ago is not shown twice, so it waits only so long.
func (p *player) answered(chat string, after int64) {
	p.t.Helper()
	for range 400 {
		for _, m := range p.messages(after) {
			if m.Chat == chat && m.Via != "person" {
				return
			}
		}
	}
}

// collect writes down what the street's side said since the last time.
func (p *player) collect() {
	p.t.Helper()
	said := p.messages(p.seq)
	// Different targets are served side by side: within a moment, groups first, then by name.
	slices.SortStableFunc(said, func(a, b shown) int {
		return strings.Compare(a.place(), b.place())
	})
	var heard []entry
	for _, m := range said {
		p.seq = max(p.seq, m.Seq)
		if m.Via == "person" || strings.HasPrefix(m.Text, "【留痕】") {
			continue // the chain's head is another one each time, for its salts are drawn: see TestACampaignIsErased
		}
		voice, text := "推送", m.Text
		switch {
		case strings.HasPrefix(m.Chat, "app:"):
			voice = "应用"
		case m.Via == "reply" || m.Via == "bot":
			voice = "防控助手"
		}
		if m.Card != nil {
			text = m.Card.String()
		}
		if m.File != nil && text == "" {
			text = "［文件］" + m.File.Name
		}
		heard = append(heard, entry{voice, p.names[m.Chat], text})
	}
	for len(heard) > 0 {
		n := alike(heard)
		if n <= fold {
			p.write(heard[0].voice, heard[0].chat, heard[0].text)
			heard = heard[1:]
			continue
		}
		var names []string
		for _, e := range heard[:n] {
			names = append(names, e.chat)
		}
		p.write(heard[0].voice, strings.Join(names, "、"), firstLine(heard[0].text)+" …")
		heard = heard[n:]
	}
}

// fold is how many people may hear the same first line before the transcript names them
// together.
const fold = 3

type entry struct{ voice, chat, text string }

// alike counts the entries at the front that are private and begin with the same line.
func alike(list []entry) int {
	n := 0
	for n < len(list) && list[n].voice == "应用" && firstLine(list[n].text) == firstLine(list[0].text) {
		n++
	}
	return n
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

type shown struct {
	Seq  int64      `json:"seq"`
	At   string     `json:"at"`
	Chat string     `json:"chat"`
	From string     `json:"from"`
	Via  string     `json:"via"`
	Text string     `json:"text"`
	Card *shownCard `json:"card"`
	File *struct {
		Name string `json:"name"`
		Src  string `json:"src"`
	} `json:"file"`
}

// place orders what was said within one moment: by time, groups first, then by chat.
func (s shown) place() string {
	rank := "0"
	if strings.HasPrefix(s.Chat, "app:") {
		rank = "1"
	}
	return s.At + rank + s.Chat
}

type shownCard struct {
	Task  string `json:"task_id"`
	Title struct {
		Title string `json:"title"`
		Desc  string `json:"desc"`
	} `json:"main_title"`
	Sub     string `json:"sub_title_text"`
	Buttons []struct {
		Text string `json:"text"`
		Key  string `json:"key"`
	} `json:"button_list"`
}

// String is a card as it looks: title, text, buttons.
func (c *shownCard) String() string {
	lines := []string{"〔" + strings.TrimSpace(c.Title.Title+" "+c.Title.Desc) + "〕"}
	if c.Sub != "" {
		lines = append(lines, c.Sub)
	}
	var buttons []string
	for _, b := range c.Buttons {
		buttons = append(buttons, "["+b.Text+"]")
	}
	return strings.Join(append(lines, strings.Join(buttons, " ")), "\n")
}

func (p *player) messages(after int64) []shown {
	p.t.Helper()
	var out struct {
		Messages []shown `json:"messages"`
	}
	data := p.get(fmt.Sprintf("/sim/messages?after=%d", after))
	if err := json.Unmarshal(data, &out); err != nil {
		p.t.Fatal(err)
	}
	return out.Messages
}

func (p *player) get(path string) []byte {
	p.t.Helper()
	resp, err := http.Get(p.base + path)
	return p.body(path, resp, err)
}

func (p *player) post(path string, body any) []byte {
	p.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		p.t.Fatal(err)
	}
	resp, err := http.Post(p.base+path, "application/json", bytes.NewReader(data))
	return p.body(path, resp, err)
}

func (p *player) body(path string, resp *http.Response, err error) []byte {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		p.t.Fatalf("%s: %s: %s", path, resp.Status, out)
	}
	return out
}

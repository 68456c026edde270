// The chat page: who I am, which chat is open, and what the simulator tells.
import { plain, render } from "./markdown.js";
import { drawCard } from "./card.js";

const $ = (id) => document.getElementById(id);
const el = (tag, cls, ...kids) => {
  const e = document.createElement(tag);
  if (cls) e.className = cls;
  e.append(...kids);
  return e;
};

let state = { chats: [], people: [], phrases: {}, bot: "" };
let now = "";
let who = "";
let open = ""; // the open chat
let quote = "";
const messages = new Map(); // seq → message
const seen = new Map(); // who + chat → newest seq seen
const entered = new Set(); // who + day: the bot's 1:1 was opened

// ---- talking to the simulator

async function call(method, path, body) {
  const init = { method };
  if (body !== undefined) {
    init.headers = { "Content-Type": "application/json" };
    init.body = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(path, init);
  } catch {
    throw new Error("模拟器没有回应");
  }
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(data.error || "出错了（" + answer.status + "）");
  return data;
}

let pending = 0;
async function doing(work) {
  document.body.dataset.busy = ++pending ? "1" : "";
  try {
    return await work();
  } catch (e) {
    toast(e.message);
  } finally {
    if (--pending === 0) delete document.body.dataset.busy;
  }
}

let toastTimer;
function toast(text) {
  $("toast").textContent = text;
  $("toast").hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => ($("toast").hidden = true), 5000);
}

// remark says what of a delivery a person should know.
function remark(d) {
  if (d.error) toast("机器人没有收到：" + d.error);
  else if (d.undelivered) toast("没有送给机器人：" + d.undelivered);
  else if (d.violation) toast("平台不认机器人的回复：" + d.violation);
  else if (d.status && d.status !== 200) toast("机器人出错了（HTTP " + d.status + "）");
}

// ---- names, times

const person = (id) => state.people.find((p) => p.id.toLowerCase() === String(id).toLowerCase());
const nameOf = (id) => person(id)?.name || (person(id) && id);
const isPerson = (m) => m.via === "person";

const week = ["周日", "周一", "周二", "周三", "周四", "周五", "周六"];
const dayOf = (t) => t.slice(0, 10);
const hm = (t) => t.slice(11, 16);
const monthDay = (t) => Number(t.slice(5, 7)) + "月" + Number(t.slice(8, 10)) + "日";
const shift = (t, days) => new Date(Date.parse(dayOf(t) + "T00:00:00Z") + days * 864e5).toISOString().slice(0, 10);
const when = (t) => (dayOf(t) === dayOf(now) ? hm(t) : dayOf(t) === shift(now, -1) ? "昨天 " + hm(t) : monthDay(t) + " " + hm(t));

function showClock(t, next) {
  if (t) {
    now = t;
    const day = new Date(Date.parse(dayOf(t) + "T00:00:00Z")).getUTCDay();
    $("clock").textContent = monthDay(t) + " " + week[day] + " " + hm(t);
    $("clock").dateTime = t;
    $("settime").value = t.slice(0, 16);
  }
  if (next !== undefined) $("next").title = next ? "下一件事：" + monthDay(next) + " " + hm(next) : "没有排着的事";
}

// ---- the list of chats

function chatsOf(id) {
  const groups = state.chats.filter((c) => c.members.includes(id)).map((c) => ({ id: c.id, name: c.name, kind: c.kind, group: true, count: c.members.length }));
  return [
    ...groups,
    { id, name: state.bot, kind: "机器人单聊" },
    { id: "app:" + id, name: state.bot + "（应用）", kind: "应用消息" },
  ];
}

const inChat = (id) => [...messages.values()].filter((m) => m.chat === id).sort((a, b) => a.seq - b.seq);
const unread = (id) => inChat(id).filter((m) => m.seq > (seen.get(who + " " + id) || 0) && m.from !== who).length;

function summary(m) {
  if (!m) return "";
  const from = isPerson(m) ? (m.from === who ? "" : (nameOf(m.from) || m.from) + "：") : "";
  const body = m.text || (m.card ? "［卡片］" + (m.card.main_title?.title || m.card.title || "") : m.file ? "［" + (m.msgtype === "image" ? "图片" : "文件") + "］" : "");
  return from + body.replace(/<font[^>]*>|<\/font>|[#*`>]/g, "").replace(/\s+/g, " ").slice(0, 40);
}

function avatar(label, seed, square) {
  const a = el("span", "avatar" + (square ? " square" : ""), label);
  let h = { "@bot": 212, "@app": 172, "@push": 28 }[seed] || 0; // the bot's voices always look the same
  if (!h) for (const c of seed) h = (h * 31 + c.codePointAt(0)) % 360;
  a.style.setProperty("--hue", h);
  a.setAttribute("aria-hidden", "true");
  return a;
}

const initials = (name) => (/^[\x00-\x7f]/.test(name) ? name.slice(0, 2) : name.replace(/书记$|主任$/, "").slice(-2) || name.slice(-2));

function drawChats() {
  const top = $("chats").scrollTop;
  $("chats").replaceChildren(
    ...chatsOf(who).map((c) => {
      const last = inChat(c.id).at(-1);
      const n = c.id === open ? 0 : unread(c.id);
      const b = el("button", "entry" + (c.id === open ? " current" : ""),
        avatar(c.group ? c.name.slice(0, 2) : c.id.startsWith("app:") ? "应用" : "助手", c.group ? c.name : c.id.startsWith("app:") ? "@app" : "@bot", true),
        el("span", "lines", el("span", "line1", el("span", "name", c.name), el("span", "time", last ? when(last.at) : "")), el("span", "line2", summary(last) || "　")));
      if (n) b.append(el("span", "unread", n > 99 ? "99+" : String(n)));
      b.type = "button";
      b.dataset.chat = c.id;
      b.onclick = () => openChat(c.id);
      return b;
    }),
  );
  $("chats").scrollTop = top;
}

function openChat(id, quietly) {
  open = id;
  if (!quietly) document.body.classList.add("inchat");
  setQuote("");
  drawAll();
  $("log").scrollTop = $("log").scrollHeight;
  const key = who + dayOf(now);
  if (id === who && !quietly && !entered.has(key)) {
    entered.add(key); // 企业微信 tells the bot of the day's first visit
    doing(() => call("POST", "/sim/send", { chat: who, from: who, kind: "enter" }));
  }
  if (!quietly && matchMedia("(min-width: 720px)").matches) $("text").focus();
}

// ---- the open chat

const dialectOf = (m) => (m.msgtype === "markdown" && (m.via === "webhook" || m.via === "app") ? "v1" : m.msgtype === "text" || isPerson(m) ? "" : "v2");

const size = (n) => (n >= 1 << 20 ? (n / (1 << 20)).toFixed(1) + " MB" : n >= 1024 ? Math.round(n / 1024) + " KB" : n + " 字节");

// A picture shows itself; anything else its name and size, to be kept by a touch.
function drawFile(m) {
  const src = (m.file.src || "").startsWith("/sim/media/") ? m.file.src : "";
  const label = el("span", "filename", m.file.name, m.file.size ? el("span", "filesize", size(m.file.size)) : "");
  const row = el(src ? "a" : "div", "file", el("span", "fileicon", m.msgtype === "image" ? "图" : m.msgtype === "video" ? "视" : "文"), label);
  if (src) {
    row.href = src;
    row.target = "_blank";
    row.rel = "noopener";
    if (m.msgtype !== "image") row.download = m.file.name;
  }
  if (!src || m.msgtype !== "image") return row;
  const picture = el("img", "picture");
  picture.alt = m.file.name;
  picture.loading = "lazy";
  picture.onerror = () => picture.replaceWith(el("span", "fileicon", "图")); // a demo's picture need not be one
  picture.src = src;
  row.replaceChildren(picture, label);
  row.classList.add("withpicture");
  return row;
}

function drawMessage(m) {
  const mine = isPerson(m) && m.from === who;
  const name = isPerson(m) ? nameOf(m.from) || m.from : m.via === "webhook" ? m.from : m.via === "app" ? state.bot : m.from;
  const bubble = el("div", "bubble");
  bubble.tabIndex = 0;
  if (m.quote) bubble.append(el("div", "quoted", m.quote));
  if (m.card) bubble.append(drawCard(m, press, nameOf));
  else if (m.file) bubble.append(drawFile(m));
  else {
    const dialect = dialectOf(m);
    bubble.append(dialect ? render(m.text || "", dialect, nameOf) : plain((m.msgtype === "voice" ? "🎤 " : "") + (m.text || ""), nameOf));
  }
  const extra = (m.mentions || []).filter((id) => !isPerson(m) && !(m.text || "").includes("<@" + id + ">"));
  if (extra.length) bubble.append(el("div", "mention", extra.map((id) => "@" + (id === "@all" ? "所有人" : nameOf(id) || id)).join(" ")));
  if (m.pending) bubble.append(el("span", "dots", "···"));
  const body = el("div", "body", el("div", "name", name), bubble);
  if (m.note) body.append(el("div", "note", m.note));
  if (m.text) {
    const cite = el("button", "cite", "引用");
    cite.type = "button";
    cite.onclick = () => setQuote(m.text);
    body.append(cite);
  }
  const row = el("div", "message" + (mine ? " mine" : "") + (m.pending ? " pending" : "") + (m.card ? " withcard" : ""), avatar(isPerson(m) ? initials(name) : m.via === "webhook" ? "推送" : "助手", isPerson(m) ? m.from : m.via === "webhook" ? "@push" : open.startsWith("app:") ? "@app" : "@bot", false), body);
  row.dataset.seq = m.seq;
  row.dataset.from = m.from;
  return row;
}

// A message that has not changed keeps its element, and with it a selection half made.
const drawn = new Map(); // seq → {sig, row}
function rowOf(m) {
  const sig = who + open + JSON.stringify(m);
  if (drawn.get(m.seq)?.sig !== sig) drawn.set(m.seq, { sig, row: drawMessage(m) });
  return drawn.get(m.seq).row;
}

function drawLog() {
  const log = $("log");
  const low = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  const rows = [];
  let before = "";
  for (const m of inChat(open)) {
    if (!before || dayOf(m.at) !== dayOf(before) || Date.parse(m.at) - Date.parse(before) > 5 * 60e3) rows.push(el("div", "stamp", when(m.at)));
    before = m.at;
    rows.push(rowOf(m));
    seen.set(who + " " + open, Math.max(m.seq, seen.get(who + " " + open) || 0));
  }
  if (!rows.length) rows.push(el("div", "empty", "还没有消息"));
  log.replaceChildren(...rows);
  if (low) log.scrollTop = log.scrollHeight;
}

function drawHead() {
  const c = chatsOf(who).find((x) => x.id === open) || { name: open };
  $("title").textContent = c.name + (c.count ? "（" + c.count + "）" : "");
  $("subtitle").textContent = c.group ? "群里要@" + state.bot + "，它才听得见" : c.kind || "";
  document.body.classList.toggle("group", !!c.group);
  $("text").placeholder = c.group ? "@" + state.bot + " 一行就够" : "发消息";
  const me = person(who);
  const lines = [...(state.phrases?.[who] || []), ...(me?.roles || []).flatMap((r) => state.phrases?.[r] || [])];
  $("phrases").replaceChildren(
    ...[...new Set(lines)].map((line) => {
      const b = el("button", "phrase", line.split("\n")[0]);
      b.type = "button";
      b.title = line;
      b.onclick = () => {
        $("text").value = line;
        grow();
        $("text").focus();
      };
      return b;
    }),
  );
}

let drawing = false;
function drawAll() {
  drawHead();
  drawLog();
  drawChats();
}
function drawSoon() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    drawLog();
    drawChats();
  });
}

// ---- saying and pressing

function setQuote(text) {
  quote = text;
  $("quoting").hidden = !text;
  $("quoting").firstElementChild.textContent = text;
  if (text) $("text").focus();
}

function grow() {
  $("text").style.height = "auto";
  $("text").style.height = Math.min($("text").scrollHeight, 140) + "px";
}

async function say() {
  const text = $("text").value.trim();
  const kind = $("kind").value;
  if (!text && kind !== "image" && kind !== "file") return;
  const body = { chat: open, from: who, text, kind };
  if (quote) body.quote = quote;
  if (document.body.classList.contains("group") && !$("at").checked) body.at = false;
  $("text").value = "";
  $("kind").value = "text";
  setQuote("");
  grow();
  $("log").scrollTop = $("log").scrollHeight;
  await doing(async () => remark(await call("POST", "/sim/send", body)));
}

function press(m, key, selected) {
  doing(async () => remark(await call("POST", "/sim/click", { chat: m.chat, from: who, task_id: m.card.task_id, key, selected })));
}

const move = (body) =>
  doing(async () => {
    const r = await call("POST", "/sim/clock", body);
    showClock(r.now, r.next);
    if (body.next && !r.next && !r.error) toast("没有排着的事了");
    if (r.error) toast("时钟走了，可是：" + r.error);
    drawAll();
  });

// ---- the outbox

function drawOutbox(data) {
  const words = { waiting: "等着发", claimed: "轮到了", sending: "正在发", sent: "已发", unknown: "不知到没到", dead: "发不出去", dropped: "不用发了" };
  const kinds = { emergency: "紧急", digest: "晨报汇总", notice: "通知", card: "卡片", nudge: "提醒", reminder: "群提醒", answer: "回复" };
  const part = (name, list) =>
    el("section", "", el("h3", "", (words[name] || name) + "（" + list.length + "）"),
      ...list.slice(0, 200).map((x) => {
        if (typeof x !== "object" || x === null) return el("div", "item", String(x));
        const to = String(x.to || "").replace(/^(chat|user|app|bot):/, "");
        const head = el("div", "itemhead", el("b", "", nameOf(to) || to || "#" + (x.n ?? "")), el("span", "", [x.at, x.due].filter(Boolean).map(when).join(" · ")));
        const rest = Object.entries(x).filter(([k, v]) => !["n", "to", "at", "due", "text", "content", "card", "street", "state"].includes(k) && v !== "" && v !== null && v !== 0 && typeof v !== "object");
        const item = el("div", "item", head);
        if (x.text || x.content?.text) item.append(el("div", "itemtext", x.text || x.content.text));
        if (rest.length) item.append(el("div", "itemrest", rest.map(([k, v]) => (k === "kind" ? kinds[v] || v : k === "reason" || k === "err" ? v : k + " " + v)).join(" · ")));
        return item;
      }));
  const lists = Array.isArray(data) ? [["waiting", data]] : Object.entries(data).filter(([, v]) => Array.isArray(v));
  const single = Array.isArray(data) ? [] : Object.entries(data).filter(([, v]) => typeof v !== "object");
  $("outbox").replaceChildren(
    ...(single.length ? [el("p", "itemrest", single.map(([k, v]) => (words[k] || k) + " " + v).join(" · "))] : []),
    ...lists.map(([k, v]) => part(k, v)),
  );
  if (!$("outbox").children.length) $("outbox").append(el("p", "empty", "空的"));
}

async function refreshOutbox() {
  if ($("drawer").hidden) return;
  try {
    drawOutbox(await call("GET", "/sim/outbox"));
  } catch (e) {
    $("outbox").replaceChildren(el("p", "empty", e.message));
  }
}

function toggleOutbox(show) {
  $("drawer").hidden = !show;
  $("openoutbox").setAttribute("aria-expanded", show);
  refreshOutbox();
}

// ---- start

function become(id) {
  who = id;
  sessionStorage.setItem("who", id);
  for (const m of messages.values()) {
    const key = who + " " + m.chat;
    if (!seen.has(key)) seen.set(key, 0);
  }
  const mine = chatsOf(who);
  openChat(mine.some((c) => c.id === open) ? open : mine[0].id, true);
}

function drawWho() {
  const groups = new Map();
  for (const p of state.people) {
    const role = p.roles?.[0] || "其他";
    if (!groups.has(role)) groups.set(role, []);
    groups.get(role).push(p);
  }
  $("who").replaceChildren(
    ...[...groups].map(([role, people]) => {
      const g = document.createElement("optgroup");
      g.label = role;
      g.append(...people.map((p) => new Option(p.name + (p.unit && !p.name.includes(p.unit) ? "（" + p.unit + "）" : ""), p.id)));
      return g;
    }),
  );
}

async function load() {
  state = await call("GET", "/sim/state");
  const all = await call("GET", "/sim/messages");
  messages.clear();
  drawn.clear();
  for (const m of all.messages) messages.set(m.seq, m);
  showClock(state.now, state.next);
  drawWho();
  const kept = who || new URLSearchParams(location.search).get("who") || sessionStorage.getItem("who");
  who = person(kept)?.id || state.people[0]?.id || "";
  $("who").value = who;
  if (who) become(who);
  document.body.dataset.ready = "1";
}

$("who").onchange = () => become($("who").value);
$("back").onclick = () => document.body.classList.remove("inchat");
$("compose").onsubmit = (e) => {
  e.preventDefault();
  say();
};
$("text").onkeydown = (e) => {
  if (e.key === "Enter" && !e.shiftKey && !e.isComposing) {
    e.preventDefault();
    say();
  } else if (e.key === "Escape") setQuote("");
};
$("text").oninput = grow;
$("unquote").onclick = () => setQuote("");
$("next").onclick = () => move({ next: true });
$("plus30").onclick = () => move({ advance: "30m" });
$("plus1d").onclick = () => move({ advance: "24h" });
$("setform").onsubmit = (e) => {
  e.preventDefault();
  document.querySelector("details.set").open = false;
  move({ set: $("settime").value + ":00+08:00" });
};
$("openoutbox").onclick = () => toggleOutbox($("drawer").hidden);
$("closeoutbox").onclick = () => toggleOutbox(false);

const events = new EventSource("/sim/events");
events.addEventListener("hello", () => load().catch((e) => toast(e.message)));
events.addEventListener("message", (e) => {
  const m = JSON.parse(e.data);
  messages.set(m.seq, m);
  if (!state.chats.some((c) => c.id === m.chat) && !m.chat.startsWith("app:") && !person(m.chat)) call("GET", "/sim/state").then((s) => { state = s; drawSoon(); }, () => {});
  drawSoon();
});
events.addEventListener("clock", (e) => {
  showClock(JSON.parse(e.data).now);
  drawSoon();
});
events.addEventListener("settled", (e) => {
  const d = JSON.parse(e.data);
  showClock(d.now, d.next);
  refreshOutbox();
});

// Markdown as 企业微信 shows it, built from DOM nodes only: text never becomes HTML.
// render(text, dialect, names): dialect "v1" is the markdown of webhooks and apps
// (headings, bold, links, quotes, inline code, font colour, <@userid>), "v2" that of
// aibots and markdown_v2 (also lists, italic, tables, rules, fenced code; no colour,
// no mentions). names turns a userid into a name, or undefined.

const el = (tag, cls, ...kids) => {
  const e = document.createElement(tag);
  if (cls) e.className = cls;
  e.append(...kids);
  return e;
};

const colours = new Set(["info", "comment", "warning"]);

const inline = {
  v1: [
    [/`([^`\n]+)`/, (m) => el("code", "", m[1])],
    [/\*\*(.+?)\*\*/, (m, d, n) => el("strong", "", ...spans(m[1], d, n))],
    [/<font color="?(\w+)"?>([\s\S]*?)<\/font>/, (m, d, n) => el("span", colours.has(m[1]) ? "c-" + m[1] : "", ...spans(m[2], d, n))],
    [/\[([^\]\n]*)\]\(([^)\s]+)\)/, link],
    [/<@([^<>\s]+)>/, (m, d, n) => (n(m[1]) ? el("span", "mention", "@" + n(m[1])) : m[0])],
  ],
  v2: [
    [/`([^`\n]+)`/, (m) => el("code", "", m[1])],
    [/\*\*(.+?)\*\*/, (m, d, n) => el("strong", "", ...spans(m[1], d, n))],
    [/\*([^*\s][^*\n]*)\*/, (m, d, n) => el("em", "", ...spans(m[1], d, n))],
    [/!\[([^\]\n]*)\]\(([^)\s]+)\)/, (m) => el("span", "pic", "［图片］" + m[1])],
    [/\[([^\]\n]*)\]\(([^)\s]+)\)/, link],
  ],
};

function link(m, d, n) {
  if (!/^https?:\/\//i.test(m[2])) return m[0];
  const a = el("a", "", ...spans(m[1] || m[2], d, n));
  a.href = m[2];
  a.target = "_blank";
  a.rel = "noopener noreferrer";
  return a;
}

// spans splits one run of text at whatever mark comes first.
function spans(text, dialect, names) {
  const out = [];
  while (text) {
    let best;
    for (const [re, make] of inline[dialect]) {
      const m = re.exec(text);
      if (m && (!best || m.index < best.m.index)) best = { m, make };
    }
    if (!best) break;
    if (best.m.index) out.push(text.slice(0, best.m.index));
    out.push(best.make(best.m, dialect, names));
    text = text.slice(best.m.index + best.m[0].length);
  }
  if (text) out.push(text);
  return out;
}

export function plain(text, names) {
  const out = el("div", "plain");
  let at = 0;
  for (const m of text.matchAll(/<@([^<>\s]+)>/g)) {
    const name = m[1] === "all" ? undefined : names(m[1]);
    if (!name) continue;
    out.append(text.slice(at, m.index), el("span", "mention", "@" + name));
    at = m.index + m[0].length;
  }
  out.append(text.slice(at));
  return out;
}

const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|").map((c) => c.trim());
const isRule = (line) => /^\s*\|?[\s:|-]+\|?\s*$/.test(line) && line.includes("-") && line.includes("|");

export function render(text, dialect, names) {
  const out = el("div", "md");
  const lines = text.split("\n");
  const put = (tag, cls, line) => out.append(el(tag, cls, ...spans(line, dialect, names)));
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i];
    let m;
    if ((m = /^(#{1,6})\s+(.*)$/.exec(line))) {
      put("h" + m[1].length, "", m[2]);
    } else if (/^\s*>/.test(line)) {
      const quoted = [];
      while (i < lines.length && /^\s*>/.test(lines[i])) quoted.push(lines[i++].replace(/^\s*>\s?/, ""));
      i--;
      out.append(el("blockquote", "", render(quoted.join("\n"), dialect, names)));
    } else if (dialect === "v2" && /^\s*```/.test(line)) {
      const code = [];
      for (i++; i < lines.length && !/^\s*```/.test(lines[i]); i++) code.push(lines[i]);
      out.append(el("pre", "", code.join("\n")));
    } else if (dialect === "v2" && /^\s*(---+|\*\*\*+)\s*$/.test(line)) {
      out.append(el("hr"));
    } else if (dialect === "v2" && line.includes("|") && i + 1 < lines.length && isRule(lines[i + 1])) {
      const row = (tag, l) => el("tr", "", ...cells(l).map((c) => el(tag, "", ...spans(c, dialect, names))));
      const body = el("tbody");
      const head = el("thead", "", row("th", line));
      for (i += 2; i < lines.length && lines[i].includes("|"); i++) body.append(row("td", lines[i]));
      i--;
      out.append(el("div", "table", el("table", "", head, body)));
    } else if (dialect === "v2" && (m = /^(\s*)([-*+]|\d+[.)])\s+(.*)$/.exec(line))) {
      const item = el("div", "item", el("span", "mark", /\d/.test(m[2]) ? m[2] : "•"), el("span", "", ...spans(m[3], dialect, names)));
      item.dataset.depth = Math.min(3, Math.floor(m[1].length / 2));
      out.append(item);
    } else if (line.trim() === "") {
      out.append(el("div", "gap"));
    } else {
      put("p", "", line);
    }
  }
  return out;
}

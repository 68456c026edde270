// Template cards as 企业微信 shows them. drawCard(message, press, names): press is
// called with the message, the button's key and what was selected.

const el = (tag, cls, ...kids) => {
  const e = document.createElement(tag);
  if (cls) e.className = cls;
  e.append(...kids);
  return e;
};

const web = (url) => (/^https?:\/\//i.test(url || "") ? url : "");

function anchor(text, url) {
  if (!web(url)) return el("span", "", text);
  const a = el("a", "", text);
  a.href = url;
  a.target = "_blank";
  a.rel = "noopener noreferrer";
  return a;
}

function options(q, many) {
  const s = el("select");
  s.dataset.question = q.question_key;
  s.multiple = many;
  for (const o of q.option_list || []) s.append(new Option(o.text, o.id, false, o.is_checked || o.id === q.selected_id));
  return el("label", "question", q.title || "", s);
}

export function drawCard(m, press, names) {
  const c = m.card;
  const box = el("div", "card");
  if (c.card_type === "textcard") {
    box.append(el("div", "cardtitle", c.title), el("div", "carddesc", c.description.replace(/<[^>]*>/g, "")), anchor(c.btntxt || "详情", c.url));
    return box;
  }
  if (c.card_type === "news") {
    for (const a of c.articles) box.append(el("div", "article", el("div", "cardtitle", anchor(a.title, a.url)), el("div", "carddesc", a.description || "")));
    return box;
  }
  if (c.source?.desc) box.append(el("div", "source", c.source.desc));
  if (c.main_title?.title) box.append(el("div", "cardtitle", c.main_title.title));
  if (c.main_title?.desc) box.append(el("div", "carddesc", c.main_title.desc));
  if (c.emphasis_content?.title) box.append(el("div", "emphasis", el("b", "", c.emphasis_content.title), el("span", "", c.emphasis_content.desc || "")));
  if (c.quote_area?.quote_text) box.append(el("div", "quoted", c.quote_area.title ? c.quote_area.title + "\n" : "", c.quote_area.quote_text));
  if (c.sub_title_text) box.append(el("div", "cardbody", c.sub_title_text));
  for (const v of c.vertical_content_list || []) box.append(el("div", "vertical", el("b", "", v.title), el("span", "", v.desc || "")));
  if (c.horizontal_content_list?.length)
    box.append(el("dl", "", ...c.horizontal_content_list.flatMap((h) => [el("dt", "", h.keyname), el("dd", "", h.type === 1 ? anchor(h.value || "", h.url) : h.value || names(h.userid) || "")])));
  for (const j of c.jump_list || []) box.append(el("div", "jump", anchor(j.title, j.url)));
  if (c.button_selection) box.append(options(c.button_selection, false));
  if (c.checkbox) box.append(options(c.checkbox, c.checkbox.mode === 1));
  for (const q of c.select_list || []) box.append(options(q, false));

  const selected = () => {
    const out = {};
    for (const s of box.querySelectorAll("[data-question]")) out[s.dataset.question] = [...s.selectedOptions].map((o) => o.value);
    return Object.keys(out).length ? out : undefined;
  };
  const buttons = [...(c.button_list || []), ...(c.submit_button ? [{ ...c.submit_button, style: 1 }] : []), ...(c.action_menu?.action_list || [])];
  if (m.done) box.append(el("div", "buttons", el("button", "done", m.done)));
  else if (buttons.length)
    box.append(
      el("div", "buttons", ...buttons.map((b) => {
        const x = el("button", "style" + (b.style || 2), b.text);
        x.type = "button";
        x.dataset.key = b.key || "";
        x.onclick = () => {
          for (const other of box.querySelectorAll("button")) other.disabled = true; // until the bot or a second try
          setTimeout(() => box.querySelectorAll("button").forEach((o) => (o.disabled = false)), 3000);
          press(m, b.key, selected());
        };
        return x;
      })),
    );
  for (const done of box.querySelectorAll("button.done")) done.disabled = true;
  return box;
}

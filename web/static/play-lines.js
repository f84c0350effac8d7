// How one line of a room is drawn: text, picture, cards, buttons, tools.

import { avatar, h, langOf, lang, picture, prose, safe, word } from "./play-dom.js";

function button(b, press) {
  const style = b.style === "primary" ? ".primary" : b.style === "danger" ? ".danger" : "";
  if (b.open) {
    const to = safe(b.open);
    if (!to) return null;
    return h("a.button" + style, { href: to, target: "_blank", rel: "noopener", lang: langOf(b.label), title: word("opens_new") }, b.label, h("span", { "aria-hidden": "true" }, "↗"));
  }
  const node = h("button.button" + style, { type: "button", lang: langOf(b.label) }, b.label);
  node.addEventListener("click", async () => {
    if (node.disabled) return;
    node.disabled = true;
    node.setAttribute("aria-busy", "true");
    const ok = await press(b.press);
    node.disabled = false;
    node.removeAttribute("aria-busy");
    if (ok) {
      node.classList.add("was");
      node.title = word("pressed");
    }
    // Disabling took the focus away; a form that opened meanwhile keeps it.
    if (document.activeElement === document.body) node.focus();
  });
  return node;
}

function buttons(list, press) {
  if (!list || !list.length) return null;
  return h("div.press", {}, list.map((b) => button(b, press)));
}

// message draws what the bot says. press takes a press and answers whether it arrived.
export function message(m, press) {
  const nodes = [];
  if (m.text) nodes.push(prose(m.text));
  if (m.image) nodes.push(picture(m.image, ".picture"));
  if (m.cards && m.cards.length) {
    nodes.push(h("ul.shelf", {}, m.cards.map((c) => h("li", {}, picture(c.image), h("div.in", {},
      h("h3", { lang: langOf(c.title) }, c.title), c.text ? h("p", { lang: langOf(c.text) }, c.text) : null, buttons(c.buttons, press))))));
  }
  nodes.push(buttons(m.buttons, press));
  if (m.form && m.form.open && safe(m.form.open)) nodes.push(buttons([{ label: m.form.label || m.form.title, open: m.form.open }], press));
  return nodes.filter(Boolean);
}

function clock(at) {
  const when = new Date(at);
  const today = new Date().toDateString() === when.toDateString();
  const time = when.toLocaleTimeString(lang, { hour: "2-digit", minute: "2-digit" });
  const text = today ? time : when.toLocaleDateString(lang, { month: "short", day: "numeric" }) + " " + time;
  return h("time", { datetime: at }, text);
}

// article draws a whole line. tools are [label, function] pairs.
export function article(line, press, tools) {
  const classes = ["article"];
  if (line.only) classes.push("only");
  if (line.gone) classes.push("gone");
  const by = h("p.by", {}, h("b", {}, line.author.name),
    line.author.bot ? h("span.tag", {}, word("bot")) : null,
    line.author.partner_name ? h("span.of", {}, line.author.partner_name) : null,
    clock(line.at),
    line.edited ? h("span.of", {}, word("edited")) : null,
    line.only ? h("span.tag.eyes", {}, word("only_you")) : null);
  let body;
  if (line.gone) body = [h("p.said", {}, word("withdrawn"))];
  else if (line.command) body = [h("p.said", {}, h("code", {}, line.text))];
  else if (line.message) body = message(line.message, press);
  else body = [prose(line.text, true)];
  const bar = line.gone || !tools.length ? null
    : h("div.tools", {}, tools.map(([label, act]) => h("button", { type: "button", onclick: act }, label)));
  return h(classes.join("."), { tabindex: "-1" }, avatar(line.author.name, line.author.bot), h("div", {}, by, body, bar));
}

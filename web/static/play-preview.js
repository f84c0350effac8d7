// The same message as the other platforms would show it: drawn from the fitted
// parts, with the bytes that would be sent below.

import { el, h, langOf, picture, word } from "./play-dom.js";
import { preview } from "./play-net.js";

const titles = { slack: "Slack", lineworks: "LINE WORKS", line: "LINE" };
let platforms = [];
let chosen = null; // {as, room, message}
let platform = "";
let turn = 0;

function presses(list) {
  if (!list || !list.length) return null;
  return h("div.pv-press", {}, list.map((b) => h("span" + (b.style ? "." + b.style : ""), { lang: langOf(b.label) }, b.label, b.open ? " ↗" : "")));
}

function form(f) {
  if (!f) return null;
  return h("div.part", {}, h("b", {}, f.title), (f.fields || []).map((x) => h("div.pv-field", {}, x.label + (x.required ? " *" : ""))), presses([{ label: f.submit, style: "primary" }, { label: f.cancel }]));
}

function part(m) {
  return h("div.part", {},
    m.text ? h("p", { lang: langOf(m.text) }, m.text) : null,
    picture(m.image),
    m.cards && m.cards.length ? h("div.cards", {}, m.cards.map((c) => h("div", {}, picture(c.image), h("b", {}, c.title), c.text ? h("p", {}, c.text) : null, presses(c.buttons)))) : null,
    presses(m.buttons), form(m.form));
}

async function draw() {
  const body = el("preview-body");
  if (!chosen || !platform) {
    body.replaceChildren(h("p.hint", {}, word("preview_none")));
    return;
  }
  const mine = ++turn;
  let got;
  try {
    got = await preview(chosen.as, chosen.room, chosen.message, platform);
  } catch {
    if (mine === turn) body.replaceChildren(h("p.hint", {}, word("preview_none")));
    return;
  }
  if (mine !== turn) return;
  const raw = got.rendered.map((r) => JSON.stringify(r, null, 2)).join("\n\n");
  body.replaceChildren(
    h("div.pv.pv-" + platform, {}, (got.parts || []).map(part)),
    h("p.hint", {}, word("preview_parts", { n: (got.parts || []).length })),
    got.error ? h("p.error", {}, got.error) : "",
    h("details.raw", {}, h("summary", {}, word("preview_raw")), h("pre", { tabindex: "0" }, raw)));
}

function tabs() {
  el("preview-tabs").replaceChildren(...platforms.map((name) => {
    const on = name === platform;
    return h("button", {
      type: "button", role: "tab", id: "pt-" + name, "aria-controls": "preview-body", "aria-selected": String(on), tabindex: on ? "0" : "-1",
      onclick: () => { platform = name; tabs(); draw(); el("pt-" + name).focus(); },
    }, titles[name] || name);
  }));
  if (platform) el("preview-body").setAttribute("aria-labelledby", "pt-" + platform);
}

// offer says which platforms there are.
export function offer(list) {
  if (list.join() === platforms.join()) return;
  platforms = list;
  if (!platforms.includes(platform)) platform = platforms[0] || "";
  tabs();
  draw();
}

// choose shows a message, or nothing for null.
export function choose(what) {
  const same = chosen && what && chosen.message === what.message && chosen.as === what.as && chosen.rev === what.rev;
  if (same || (!chosen && !what)) return;
  chosen = what;
  draw();
}

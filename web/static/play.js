// The playground: who I am, where I am, what stands there.

import { avatar, bot, el, h, suggestions, word } from "./play-dom.js";
import * as net from "./play-net.js";
import * as composer from "./play-composer.js";
import * as form from "./play-form.js";
import { article, message } from "./play-lines.js";
import * as preview from "./play-preview.js";

const here = { epoch: "", rev: 0, personas: [], persona: null, room: null, tab: "talk", thread: null, chosen: null };
const lines = new Map(); // id → {line, li}
const seen = new Map(); // persona/room → newest change looked at
let revs = {};
let hangUp = null;
let loading = null; // the load under way
let again = false; // something changed while loading

// ---- People and rooms -------------------------------------------------------

function icon(kind) { return { shared: "#", staff: "🔒", direct: "✉" }[kind] || "#"; }

// redraw draws a list again only when it would look different, and keeps the
// focus: a click or a key that is under way must find its button.
function redraw(box, look, draw) {
  const key = JSON.stringify(look);
  if (box.dataset.look === key) return;
  box.dataset.look = key;
  const at = [...box.querySelectorAll("button")].indexOf(document.activeElement);
  box.replaceChildren(...draw());
  const again = at >= 0 && box.querySelectorAll("button")[at];
  if (again) again.focus();
}

// roles words a persona's roles; one of the operator's own stays as it is.
function roles(p) {
  const known = ["rep", "lead", "admin", "sender", "approver", "manager"];
  return (p.role || "").split(",").filter(Boolean).map((r) => known.includes(r) ? word("role_" + r) : r).join("・");
}

function drawPeople() {
  const current = here.persona && here.persona.user;
  redraw(el("people"), [here.personas, current], () => {
    if (!here.personas.length) return [h("p.hint", {}, word("no_people"))];
    const groups = new Map();
    for (const p of here.personas) {
      const name = p.partner_name || word("staff");
      groups.set(name, [...(groups.get(name) || []), p]);
    }
    return [...groups].map(([name, people]) => h("div", { role: "group", "aria-label": name },
      h("p.group", {}, name),
      people.map((p) => h("button.pickable", { type: "button", "aria-current": String(p.user === current), onclick: () => go(p, null, true) },
        avatar(p.name), h("span", {}, p.name, p.role ? h("small", {}, roles(p)) : null)))));
  });
}

function drawRooms() {
  const rooms = here.persona ? here.persona.rooms || [] : [];
  const current = here.room && here.room.id;
  const unread = rooms.map((r) => r.id !== current && (revs[r.id] || 0) > (seen.get(here.persona.user + "/" + r.id) || 0));
  redraw(el("rooms"), [rooms, current, unread], () => rooms.map((r, i) => h("li", {}, h("button.pickable", {
    type: "button", "aria-current": String(r.id === current), onclick: () => go(here.persona, r, true),
  }, h("span.sign", { "aria-hidden": "true" }, icon(r.kind)),
    h("span", {}, r.name, h("small", {}, word("kind_" + r.kind))),
    unread[i] ? h("span.dot", { role: "img", "aria-label": word("unread") }) : null))));
  const any = unread.includes(true);
  el("side-open").classList.toggle("unread", any);
  el("side-open").title = any ? word("unread") : "";
}

function drawHead() {
  const p = here.persona;
  const r = here.room;
  el("room-name").textContent = r ? r.name : "";
  el("room-as").textContent = p ? [p.name, p.partner_name || word("staff"), roles(p)].filter(Boolean).join("・") : "";
  const direct = Boolean(r && r.kind === "direct");
  el("tabs").hidden = !direct;
  el("more").hidden = !r;
  el("room-actions").replaceChildren(...["join", "invite", "leave"].map((kind) => h("button.pickable", {
    type: "button", onclick: () => { el("more").open = false; act({ kind }); },
  }, word(kind))));
  composer.place(r, here.thread && lines.get(here.thread) ? lines.get(here.thread).line : null);
}

// go chooses a person and a room; without a room the one they were in, or their first.
function go(persona, room, byHand) {
  const other = !here.persona || here.persona.user !== persona.user;
  const rooms = persona.rooms || [];
  room = room || (here.room && here.room.kind !== "direct" && rooms.find((r) => r.id === here.room.id)) || rooms[0] || null;
  const moved = other || !here.room || !room || room.id !== here.room.id;
  here.persona = persona;
  here.room = room;
  if (moved) {
    here.rev = 0;
    here.thread = null;
    here.tab = "talk";
    choose(null);
    clear();
    form.show(null);
  }
  history.replaceState(null, "", "#" + new URLSearchParams({ as: persona.user, room: room ? room.id : "" }));
  if (other) {
    if (hangUp) hangUp();
    hangUp = net.live(persona.user, changed, up);
  }
  drawPeople();
  drawRooms();
  drawHead();
  drawTab();
  load();
  if (byHand && room) {
    drawer(null);
    if (matchMedia("(hover: hover)").matches) el("text").focus();
  }
}

// ---- What stands in the room -------------------------------------------------

function clear() {
  lines.clear();
  el("log").replaceChildren();
  el("fresh").hidden = true;
}

async function load() {
  if (loading) { again = true; return; }
  const as = here.persona ? here.persona.user : "";
  const room = here.room ? here.room.id : "";
  loading = net.state(as, room, here.rev).catch(() => null);
  const got = await loading;
  loading = null;
  const current = as === (here.persona ? here.persona.user : "") && room === (here.room ? here.room.id : "");
  if (got && current) take(got);
  if (again || !current) { again = false; load(); }
}

function take(got) {
  const first = here.rev === 0;
  if (here.epoch && got.epoch !== here.epoch) { // the server has restarted: its rooms are empty
    here.epoch = got.epoch;
    here.rev = 0;
    seen.clear();
    clear();
    form.show(null);
    again = true;
    return;
  }
  here.epoch = got.epoch;
  here.rev = got.rev;
  revs = got.revs || {};
  preview.offer(got.previews || []);
  if (JSON.stringify(got.personas) !== JSON.stringify(here.personas)) {
    here.personas = got.personas;
    const as = here.persona && got.personas.find((p) => p.user === here.persona.user);
    if (as) here.persona = as;
    else if (got.personas.length) { start(); return; }
  }
  if (here.room) seen.set(here.persona.user + "/" + here.room.id, revs[here.room.id] || 0);
  const box = el("scroll");
  const low = box.scrollHeight - box.scrollTop - box.clientHeight < 120;
  let fresh = false;
  let mine = false;
  for (const line of got.lines) {
    fresh = put(line) || fresh;
    mine = mine || line.author.user === here.persona.user;
  }
  drawPeople();
  drawRooms();
  drawEmpty();
  drawHome(got.home);
  form.show(got.form || null, here.persona ? here.persona.user : "", here.room ? here.room.id : "");
  if (got.lines.length && here.tab === "talk") {
    if (first || low || mine) bottom(got.lines.at(-1)); else if (fresh) el("fresh").hidden = false;
  }
}

// bottom shows the newest line: its end, or its beginning if it is taller than
// the room, because an answer is read from its beginning.
function bottom(newest) {
  const box = el("scroll");
  const known = newest && lines.get(newest.id);
  const root = here.thread && lines.get(here.thread);
  if (known && known.li.offsetHeight > box.clientHeight - 60) known.li.scrollIntoView({ block: "start" });
  else if (known && newest.thread) known.li.scrollIntoView({ block: "nearest" });
  else if (root) root.li.scrollIntoView({ block: "end" });
  else box.scrollTop = box.scrollHeight;
  el("fresh").hidden = true;
}

// put draws a new or changed line and tells whether it is new.
function put(line) {
  const known = lines.get(line.id);
  if (line.gone && !(known && known.thread.childElementCount)) {
    if (known) { known.li.remove(); lines.delete(line.id); }
    return false;
  }
  const node = article(line, (press) => act({ kind: "press", message: line.id, press }), tools(line));
  if (known) {
    const had = known.li.firstElementChild;
    const focus = had.contains(document.activeElement) ? [...had.querySelectorAll("button, a")].indexOf(document.activeElement) : -1;
    had.replaceWith(node);
    known.line = line;
    if (focus >= 0) ([...node.querySelectorAll("button, a")][focus] || node).focus();
  } else {
    const thread = h("ol.thread", { "aria-label": word("thread_replies"), hidden: true });
    const li = h("li.line", { "data-id": line.id }, node, thread);
    lines.set(line.id, { line, li, thread });
    const root = line.thread && lines.get(line.thread);
    if (root) root.thread.hidden = false;
    (root ? root.thread : el("log")).append(li);
  }
  if (line.id === here.chosen) node.classList.add("chosen");
  if (line.message && (line.id === here.chosen || !known)) choose(line);
  return !known;
}

function tools(line) {
  const list = [];
  if (!line.only) list.push([word("reply"), () => reply(line.thread || line.id)]);
  if (line.message) list.push([word("preview"), () => { choose(line); drawer("preview"); }]);
  if (line.author.user === here.persona.user && !line.command) list.push([word("withdraw"), () => act({ kind: "withdraw", message: line.id })]);
  return list;
}

function reply(id) {
  here.thread = id;
  drawHead();
  el("text").focus();
}

// choose picks the message that the preview shows; the newest is picked by itself.
function choose(line) {
  for (const node of document.querySelectorAll("article.chosen")) node.classList.remove("chosen");
  here.chosen = line ? line.id : null;
  const known = line && lines.get(line.id);
  if (known) known.li.firstElementChild.classList.add("chosen");
  preview.choose(line ? { as: here.persona.user, room: here.room.id, message: line.id, rev: line.rev } : null);
}

function drawEmpty() {
  const empty = Boolean(here.room) && lines.size === 0;
  el("empty").hidden = !empty;
  if (!empty || el("suggestions").childElementCount) return;
  el("suggestions").replaceChildren(...suggestions.map((s) => h("button.button", {
    type: "button", lang: s.lang, onclick: () => say(here.room.kind === "direct" ? s.text : "@" + bot + " " + s.text),
  }, s.text)));
}

// ---- Home tab ------------------------------------------------------------------

function drawHome(home) {
  const box = el("home");
  const press = (p) => act({ kind: "press", message: "home", press: p });
  const drawn = JSON.stringify(home || null);
  if (box.dataset.drawn === drawn) return;
  box.dataset.drawn = drawn;
  box.replaceChildren(...(home ? message(home, press) : [h("p.hint", {}, word("home_empty"))]));
}

function drawTab() {
  const home = here.tab === "home";
  for (const [id, on] of [["tab-talk", !home], ["tab-home", home]]) {
    el(id).setAttribute("aria-selected", String(on));
    el(id).tabIndex = on ? 0 : -1;
  }
  el("home").hidden = !home;
  el("log").hidden = home;
  el("composer").hidden = home || !here.room;
  if (home) { el("empty").hidden = true; el("fresh").hidden = true; } else drawEmpty();
}

function tab(name) {
  here.tab = name;
  drawTab();
  if (name === "home") act({ kind: "home" });
}

// ---- Deeds -----------------------------------------------------------------------

let undone = null; // what could not be told, to try again

// act tells the bot what the person did and answers whether it arrived.
async function act(what) {
  const whole = { as: here.persona.user, room: here.room ? here.room.id : "", ...what };
  el("trouble").hidden = true;
  try {
    await net.deed(whole);
    return true;
  } catch {
    undone = whole;
    el("trouble").replaceChildren(word("failed"), h("button.button.small", { type: "button", onclick: () => { el("trouble").hidden = true; act(undone); } }, word("retry")));
    el("trouble").hidden = false;
    return false;
  }
}

let turn = Promise.resolve(true);

// say tells one line after another, each where it was typed, in that order.
function say(text) {
  const line = { kind: "say", text, as: here.persona.user, room: here.room.id, thread: here.thread || "" };
  turn = turn.then(() => act(line));
  return turn;
}

function changed(change) {
  revs = change.revs || {};
  if (change.epoch !== here.epoch || change.rev > here.rev) load(); else drawRooms();
}

function up(yes) {
  el("live").className = yes ? "" : "off";
  el("live").textContent = word(yes ? "live" : "offline");
}

// ---- Drawers on narrow screens ------------------------------------------------------

let opener = null;

function drawer(name) {
  for (const id of ["side", "preview"]) el(id).classList.toggle("open", id === name);
  el("shade").hidden = !name;
  el("side-open").setAttribute("aria-expanded", String(name === "side"));
  if (name) {
    opener = document.activeElement;
    const close = el(name + "-close");
    if (close.offsetParent) close.focus(); else el("shade").hidden = true; // wide screen: nothing is covered
  } else if (opener) {
    if (opener.isConnected) opener.focus();
    opener = null;
  }
}

function start() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  const persona = here.personas.find((p) => p.user === wanted.get("as")) || here.personas[0];
  if (persona) go(persona, (persona.rooms || []).find((r) => r.id === wanted.get("room")) || null);
}

function firstTime() {
  let told = null;
  try { told = localStorage.getItem("akari-play"); } catch { /* storage may be off */ }
  el("first").hidden = Boolean(told);
  el("first-ok").addEventListener("click", () => {
    el("first").hidden = true;
    try { localStorage.setItem("akari-play", "1"); } catch { /* shown again next time */ }
    el("text").focus();
  });
}

function wire() {
  el("side-open").addEventListener("click", () => drawer("side"));
  for (const id of ["side-close", "preview-close", "shade"]) el(id).addEventListener("click", () => drawer(null));
  document.addEventListener("keydown", (e) => {
    if (e.key !== "Escape" || e.defaultPrevented) return;
    if (!el("shade").hidden) drawer(null);
    else if (el("more").open) { el("more").open = false; el("more").firstElementChild.focus(); }
    else if (here.thread) { here.thread = null; drawHead(); }
  });
  document.addEventListener("click", (e) => { if (!el("more").contains(e.target)) el("more").open = false; });
  el("tab-talk").addEventListener("click", () => tab("talk"));
  el("tab-home").addEventListener("click", () => tab("home"));
  for (const list of document.querySelectorAll("[role=tablist]")) {
    list.addEventListener("keydown", (e) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
      const all = [...list.querySelectorAll("[role=tab]")];
      const at = all.indexOf(document.activeElement);
      if (!step || at < 0) return;
      const next = (at + step + all.length) % all.length;
      all[next].focus();
      all[next].click();
    });
  }
  el("fresh").addEventListener("click", () => { const had = here.thread; here.thread = null; bottom(); here.thread = had; });
  el("thread-cancel").addEventListener("click", () => { here.thread = null; drawHead(); el("text").focus(); });
  composer.wire(say);
  firstTime();
}

wire();
load().then(start);

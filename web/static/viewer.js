// Tells what was really on screen, and for how long. Only time with the page
// visible and somebody there counts: a hidden tab and an idle reader stand still.
// What could not be sent is kept until it can be; told twice it counts once.
// The server takes nothing on trust that its clock does not allow.

const root = document.getElementById("viewer");
const say = root.dataset;
const born = clockStart();
const after = Number(say.after) || 2000;
const idle = Number(say.idle) || 60000;
const tab = Array.from(crypto.getRandomValues(new Uint8Array(10)), (n) => "abcdefghijklmnopqrstuvwxyz012345"[n & 31]).join("");
const shelf = "akari-views:" + location.pathname;
const kept = 300; // beacons kept while offline: over an hour of reading

let seq = 0;
let from = null; // when the stretch that is now on screen began
let last = 0; // up to when time is shared out
let hand = performance.now(); // the last sign of somebody
let gestures = 0;
let pages = new Map(); // page → ms of this stretch
let timer = 0;
let sent = 0;
let saved = false;
let sending = false;
let pause = 0;
let over = false; // the link is dead

// What the material adds: share() says which pages are on screen now, as
// [page, part of the time]; tell(beacon) adds its own; alive() is true while a
// video plays, when nobody needs to move a hand.
const part = { share: () => [], tell: () => {}, alive: () => false, stop: () => {} };

// clockStart puts the page's clock on the visit's: the server said how old the
// visit was when it drew the page.
function clockStart() {
  const nav = performance.getEntriesByType("navigation")[0];
  return (Number(say.at) || 0) - ((nav && nav.responseStart) || 0);
}

function now() { return Math.max(0, Math.round(born + performance.now())); }

function present() {
  return !over && document.visibilityState === "visible" && (performance.now() - hand < idle || part.alive());
}

// shareOut gives the time since it last ran to what is on screen. It runs before
// anything changes that decides whose time it is.
function shareOut() {
  if (from === null) return;
  const t = now();
  const gone = t - last;
  if (gone <= 0) return;
  last = t;
  for (const [page, share] of part.share()) pages.set(page, (pages.get(page) || 0) + gone * share);
}

function begin() {
  if (from !== null || !present()) return;
  from = last = now();
  schedule();
}

// The first word comes when it is enough for a page view, then every 5 s for half
// a minute, then every 15 s.
function schedule() {
  clearTimeout(timer);
  timer = setTimeout(() => close(false), sent === 0 ? after + 50 : sent < 8 ? 5000 : 15000);
}

// close ends the stretch and sends it; leaving says that the page may not live on.
function close(leaving) {
  clearTimeout(timer);
  if (from === null) { if (leaving) send(true); return; }
  shareOut();
  const b = { visit: say.proof, tab, seq: ++seq, from, to: Math.max(from, last), gestures };
  const list = [...pages].map(([p, ms]) => [p, Math.round(ms)]).filter((x) => x[1] > 0);
  if (list.length) b.pages = list.slice(0, 200);
  if (part.of) b.of = part.of;
  if (navigator.webdriver) b.driven = true;
  if (saved) b.saved = true;
  part.tell(b);
  from = null;
  pages = new Map();
  gestures = 0;
  saved = false;
  sent++;
  put(b);
  send(leaving);
  begin();
}

// rest stops counting without a new stretch: nobody is there.
function rest(leaving) {
  clearTimeout(timer);
  close(leaving);
}

// The shelf outlives the page. Without one (private windows) memory must do.
let memory = [];
function read() {
  try { return JSON.parse(localStorage.getItem(shelf) || "[]"); } catch { return memory; }
}
function write(list) {
  memory = list;
  try { if (list.length) localStorage.setItem(shelf, JSON.stringify(list)); else localStorage.removeItem(shelf); } catch { /* memory has it */ }
}
function put(b) {
  const list = read();
  if (list.length < kept) list.push(b);
  write(list);
}
function drop(done) {
  const gone = new Set(done.map((b) => b.tab + "/" + b.seq));
  write(read().filter((b) => !gone.has(b.tab + "/" + b.seq)));
}

function send(leaving) {
  const list = read().slice(0, 50);
  if (!list.length || over) return;
  const body = JSON.stringify({ beacons: list });
  if (leaving) {
    // What a leaving page sends has no answer: it stays on the shelf, and is told
    // again, and counted once, when the link is next opened.
    if (navigator.sendBeacon && navigator.sendBeacon(say.seen, new Blob([body], { type: "application/json" }))) return;
  }
  if (sending) return;
  sending = true;
  fetch(say.seen, { method: "POST", body, headers: { "Content-Type": "application/json" }, keepalive: true, credentials: "same-origin" }).then((r) => {
    sending = false;
    if (r.ok || r.status === 400 || r.status === 413) {
      pause = 0;
      drop(list);
      if (read().length) send(false);
    } else if (r.status === 410) {
      over = true;
      write([]);
      part.stop();
      location.reload();
    } else {
      again();
    }
  }, () => { sending = false; again(); });
}

function again() {
  pause = Math.min(60000, pause ? pause * 2 : 3000);
  setTimeout(() => send(false), pause);
}

function here(e) {
  if (e && !e.isTrusted) return;
  const was = present();
  hand = performance.now();
  if (!was) begin();
}
function gesture(e) {
  if (!e.isTrusted) return;
  gestures = Math.min(gestures + 1, 1000);
  here(e);
}
let moved = 0;
function move(e) {
  if (Math.abs(e.movementX) + Math.abs(e.movementY) < 1 || performance.now() - moved < 1000) return;
  moved = performance.now();
  gesture(e);
}

for (const name of ["wheel", "touchstart", "keydown", "pointerdown"]) addEventListener(name, gesture, { passive: true, capture: true });
addEventListener("pointermove", move, { passive: true });
addEventListener("scroll", here, { passive: true, capture: true });
document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") { hand = performance.now(); begin(); } else rest(true); });
addEventListener("pagehide", () => rest(true));
addEventListener("pageshow", (e) => { if (e.persisted) { hand = performance.now(); begin(); } });
addEventListener("online", () => { pause = 0; send(false); });
setInterval(() => { if (present()) shareOut(); else if (from !== null) rest(false); }, 1000);
document.addEventListener("click", (e) => {
  if (e.isTrusted && e.target.closest && e.target.closest("[data-saves]")) { saved = true; setTimeout(() => close(false), 50); }
});

export const tracker = { root, part, shareOut, close, begin, present, now, tab, beacon: (b) => ({ visit: say.proof, tab, seq: ++seq, ...b }) };

const kind = say.kind;
if (kind === "image") part.share = () => [[1, 1]], part.of = 1;
if (say.proof) begin();
send(false);
if (say.part) {
  import(say.part).then((m) => m.show(tracker)).catch(() => {
    const [wait, trouble] = ["loading", "trouble"].map((id) => document.getElementById(id));
    if (wait && trouble) wait.hidden = !(trouble.hidden = false);
  });
}

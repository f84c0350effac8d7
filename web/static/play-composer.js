// Where text is typed: Enter sends, Shift+Enter breaks the line, and keys that
// belong to an input method are left alone.

import { bot, commands, el, h, word } from "./play-dom.js";

const box = el("text");
const hints = el("hints");
let at = -1; // which hint is marked

function grow() {
  box.style.height = "auto";
  box.style.height = Math.min(box.scrollHeight, 160) + "px";
}

function matching() {
  const typed = box.value.replace(/^／/, "/").toLowerCase();
  if (!typed.startsWith("/") || typed.includes("\n")) return [];
  return commands.filter((c) => c.text.startsWith(typed) && c.text !== typed.trimEnd());
}

function drawHints() {
  const list = matching();
  at = Math.min(at, list.length - 1);
  hints.hidden = !list.length;
  box.setAttribute("aria-expanded", String(Boolean(list.length)));
  hints.replaceChildren(...list.map((c, i) => h("li", {
    role: "option", id: "hint-" + i, "aria-selected": String(i === at),
    // The press must not take the focus from the text.
    onmousedown: (e) => { e.preventDefault(); fill(c); },
  }, h("code", {}, c.text), h("small", {}, c.hint))));
  if (at >= 0) {
    box.setAttribute("aria-activedescendant", "hint-" + at);
    hints.children[at].scrollIntoView({ block: "nearest" });
  } else box.removeAttribute("aria-activedescendant");
}

function fill(c) {
  box.value = c.text;
  at = -1;
  drawHints();
  grow();
  box.focus();
}

function changed() {
  at = -1;
  drawHints();
  grow();
  chip();
}

// chip offers the bot's name where it must be said to be heard.
function chip() {
  const named = new RegExp("[@＠]" + bot, "i").test(box.value) || /^[/／]/.test(box.value);
  el("mention").hidden = box.dataset.kind === "direct" || !box.dataset.kind || named;
}

// send empties the box at once: the next line can be typed while this one is on
// its way. What did not arrive comes back, before what was typed since.
async function send(say) {
  const kept = box.value;
  const text = kept.trim();
  if (!text) return;
  box.value = "";
  changed();
  if (await say(text)) return;
  box.value = box.value ? kept + "\n" + box.value : kept;
  changed();
}

// place fits the composer to a room and, in a thread, to the line that began it.
export function place(room, root) {
  box.dataset.kind = room ? room.kind : "";
  el("composer").hidden = !room;
  if (!room) return;
  const what = root ? "composer_thread" : room.kind === "direct" ? "composer_direct" : "composer_room";
  box.placeholder = word(what);
  box.setAttribute("aria-label", box.placeholder);
  el("thread-bar").hidden = !root;
  if (root) el("thread-text").textContent = word("composer_thread") + " — " + root.author.name + ": " + root.text;
  chip();
}

// wire calls say with what is to be said; it answers whether it arrived.
export function wire(say) {
  box.addEventListener("input", changed);
  box.addEventListener("keydown", (e) => {
    // 229 is what Safari reports for the Enter that ends a composition.
    if (e.isComposing || e.keyCode === 229) return;
    const list = matching();
    if (list.length && (e.key === "ArrowDown" || e.key === "ArrowUp")) {
      e.preventDefault();
      at = (at + (e.key === "ArrowDown" ? 1 : list.length + (at < 0 ? 0 : -1))) % list.length;
      drawHints();
    } else if (list.length && (e.key === "Tab" || e.key === "Enter") && at >= 0) {
      e.preventDefault();
      fill(list[at]);
    } else if (list.length && e.key === "Escape") {
      e.preventDefault();
      hints.hidden = true;
    } else if (e.key === "Enter" && !e.shiftKey) {
      e.preventDefault();
      send(say);
    }
  });
  box.addEventListener("blur", () => { hints.hidden = true; });
  box.addEventListener("focus", drawHints);
  el("composer").addEventListener("submit", (e) => { e.preventDefault(); send(say); });
  el("mention").addEventListener("click", () => {
    box.value = "@" + bot + " " + box.value;
    changed();
    box.focus();
  });
}

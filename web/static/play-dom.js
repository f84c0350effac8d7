// Small tools for drawing. Nothing here ever parses markup: text stays text.

const data = JSON.parse(document.getElementById("data").textContent);

export const lang = data.lang;
export const bot = data.bot;
export const suggestions = data.suggestions || [];
export const commands = data.commands || [];

// word gives a sentence of the page; a missing one shows as its name.
export function word(name, values) {
  let text = (data.words && data.words[name]) || name;
  for (const key in values || {}) text = text.replaceAll("{" + key + "}", values[key]);
  return text;
}

export function el(id) { return document.getElementById(id); }

// h makes an element: h("button.button", {type: "button", onclick: f}, "text", child).
export function h(what, props, ...children) {
  const [tag, ...classes] = what.split(".");
  const node = document.createElement(tag || "div");
  if (classes.length) node.className = classes.join(" ");
  for (const [key, value] of Object.entries(props || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, "");
    else node.setAttribute(key, value);
  }
  node.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== false && c !== ""));
  return node;
}

// langOf guesses the language of a text, for screen readers and line breaking.
export function langOf(text) {
  return /[\u3040-\u30ff\u3400-\u9fff\uff66-\uff9f]/.test(text) ? "ja" : /[a-z]{2}/i.test(text) ? "en" : null;
}

// safe gives an http(s) address or null. Loopback hosts are one and the same to
// the person, but not to the page's policy: those come from our own origin.
export function safe(address) {
  let url;
  try { url = new URL(address, location.href); } catch { return null; }
  if (url.protocol !== "http:" && url.protocol !== "https:") return null;
  const near = ["localhost", "127.0.0.1", "[::1]"];
  if (near.includes(url.hostname) && near.includes(location.hostname) && url.port === location.port) {
    return location.origin + url.pathname + url.search + url.hash;
  }
  return url.href;
}

const links = /https?:\/\/[^\s<>"'）」】、。]+/g;

// prose draws plain text: lines as they are, addresses as links, the bot's name marked.
export function prose(text, marked) {
  const node = h("p.said", { lang: langOf(text) });
  let from = 0;
  const plain = (s) => {
    if (!marked) { node.append(s); return; }
    for (const piece of s.split(new RegExp("([@＠]" + bot + ")", "i"))) {
      node.append(/^[@＠]/.test(piece) && piece.length === bot.length + 1 ? h("mark", {}, piece) : piece);
    }
  };
  for (const m of text.matchAll(links)) {
    plain(text.slice(from, m.index));
    const to = safe(m[0]);
    node.append(to ? h("a", { href: to, target: "_blank", rel: "noopener noreferrer" }, m[0]) : m[0]);
    from = m.index + m[0].length;
  }
  plain(text.slice(from));
  return node;
}

// picture draws an image that says in words what it shows when it cannot be had.
export function picture(image, kind) {
  const src = image && safe(image.url);
  if (!src) return null;
  const img = h("img" + (kind || ""), { src, alt: image.alt, loading: "lazy" });
  img.addEventListener("error", () => img.replaceWith(h("p.noimage", {}, image.alt)));
  return img;
}

export function avatar(name, isBot) {
  if (isBot) {
    const icon = document.querySelector("link[rel=icon]");
    return h("span.avatar", { "aria-hidden": "true" }, h("img", { src: icon.href, alt: "", width: 32, height: 32 }));
  }
  let sum = 0;
  for (const c of name) sum = (sum * 31 + c.codePointAt(0)) % 997;
  return h("span.avatar.av" + (sum % 6), { "aria-hidden": "true" }, [...name][0] || "?");
}

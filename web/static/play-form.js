// A form as a modal: fields, choices that are asked for, errors by field.

import { el, h, langOf, word } from "./play-dom.js";
import { closeForm, deed } from "./play-net.js";

const dialog = el("form");
let shown = null; // draft of the form on screen
let closing = null; // one that was closed here, which the server hears of in a moment

function described(field, node) {
  const ids = [field.hint ? "m-" + field.name + "-h" : "", "m-" + field.name + "-e"].filter(Boolean);
  node.setAttribute("aria-describedby", ids.join(" "));
  return node;
}

function text(field) {
  const common = { id: "m-" + field.name, name: field.name, maxlength: field.max || 3000, required: field.required };
  const value = (field.value && field.value[0]) || "";
  if (field.kind === "lines") {
    const area = h("textarea", { ...common, rows: 5 });
    area.value = value;
    return area;
  }
  if (field.kind === "date") return h("input", { id: common.id, name: field.name, type: "date", required: field.required, value });
  return h("input", { ...common, type: "text", autocomplete: "off", value });
}

function choice(field) {
  const value = (field.value && field.value[0]) || "";
  return h("select", { id: "m-" + field.name, name: field.name, required: field.required },
    h("option", { value: "" }, word("form_choose")),
    (field.options || []).map((o) => h("option", { value: o.value, selected: o.value === value }, o.label)));
}

// pick is a list to tick in; with field.load it is searched on the server, and
// what is ticked stays while searching.
function pick(field, ask) {
  const many = field.kind === "choices";
  const chosen = new Map();
  const list = h("div.pick", { id: "m-" + field.name, tabindex: "-1" });
  const draw = (options) => {
    const all = new Map(chosen);
    for (const o of options) all.set(o.value, o.label);
    list.replaceChildren(...[...all].map(([value, label]) => h("label.check", {},
      h("input", {
        type: many ? "checkbox" : "radio", name: field.name, value, checked: chosen.has(value),
        onchange: (e) => {
          if (!many) chosen.clear();
          if (e.target.checked) chosen.set(value, label); else chosen.delete(value);
        },
      }), h("span", { lang: langOf(label) }, label))));
  };
  for (const o of field.options || []) if ((field.value || []).includes(o.value)) chosen.set(o.value, o.label);
  if (!field.load) {
    draw(field.options || []);
    return list;
  }
  let timer = 0;
  let turn = 0;
  const load = async (typed) => {
    const mine = ++turn;
    const found = await ask(typed).catch(() => []);
    if (mine === turn) draw(found);
  };
  const search = h("input", {
    type: "search", "aria-label": field.label + " " + word("form_search"), placeholder: word("form_search"), autocomplete: "off",
    oninput: (e) => { clearTimeout(timer); timer = setTimeout(load, 250, e.target.value); },
  });
  load("");
  return h("div.field", {}, search, list);
}

function row(field, ask) {
  const label = [field.label, field.required ? h("span.required", {}, word("form_required")) : null];
  const hint = field.hint ? h("p.hint", { id: "m-" + field.name + "-h" }, field.hint) : null;
  const error = h("p.error", { id: "m-" + field.name + "-e", hidden: true });
  if (field.kind === "choices" || field.load) {
    return described(field, h("fieldset.field", { "data-field": field.name }, h("legend", {}, label), hint, pick(field, ask), error));
  }
  const input = described(field, field.kind === "choice" ? choice(field) : text(field));
  return h("div.field", { "data-field": field.name }, h("label", { for: input.id }, label), hint, input, error);
}

function complain(form, errors) {
  let first = null;
  for (const box of form.querySelectorAll("[data-field]")) {
    const said = errors[box.dataset.field];
    const error = box.querySelector(".error");
    box.classList.toggle("wrong", Boolean(said));
    error.hidden = !said;
    error.textContent = said || "";
    const input = box.querySelector("input, textarea, select");
    if (input) input.setAttribute("aria-invalid", String(Boolean(said)));
    if (said && !first) first = input || box;
  }
  if (first) first.focus();
}

function values(form, fields) {
  const got = new FormData(form);
  const out = {};
  for (const f of fields) out[f.name] = got.getAll(f.name).filter((v) => v !== "");
  return out;
}

// hide takes the modal away without telling anybody.
function hide() {
  shown = null;
  if (dialog.open) dialog.close();
  dialog.replaceChildren();
}

// show makes the screen agree with the form that stands open, or null for none.
export function show(form, as, room) {
  const draft = form ? as + " " + form.draft : null;
  if (draft === shown || draft !== null && draft === closing) return;
  hide();
  if (!form) return;
  shown = draft;
  const fields = form.fields || [];
  const who = { as, room, draft: form.draft };
  // What is typed is kept while it is typed, so that closing loses nothing.
  let timer = 0;
  const keep = () => {
    clearTimeout(timer);
    return form.keep ? deed({ kind: "keep", ...who, values: values(body, fields) }).catch(() => null) : null;
  };
  const cancel = async () => {
    const kept = keep();
    closing = draft;
    hide();
    await kept;
    await closeForm(as, form.draft);
    if (closing === draft) closing = null;
  };
  const trouble = h("p.error", { role: "alert", hidden: true });
  const send = h("button.button.primary", { type: "submit" }, form.submit);
  const body = h("form", { novalidate: true },
    h("header", {}, h("h2", { id: "form-title", lang: langOf(form.title) }, form.title),
      h("button.icon", { type: "button", "aria-label": word("close"), onclick: cancel }, "×")),
    form.text ? h("p.said", { lang: langOf(form.text) }, form.text) : null,
    fields.flatMap((f) => [f.section ? h("h3.section", { lang: langOf(f.section) }, f.section) : null, row(f, async (typed) => (await deed({ kind: "load", ...who, field: f.name, text: typed })).options || [])]),
    trouble,
    h("p.row", {}, h("button.button", { type: "button", onclick: cancel }, form.cancel), send));
  if (form.keep) body.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(keep, 1000); });
  body.addEventListener("submit", async (e) => {
    e.preventDefault();
    clearTimeout(timer);
    if (send.disabled) return;
    send.disabled = true;
    trouble.hidden = true;
    try {
      const answer = await deed({ kind: "submit", ...who, values: values(body, fields) });
      if (shown !== draft) return;
      if (answer.ok) hide(); else complain(body, answer.errors || {});
    } catch (err) {
      trouble.textContent = word(err.status === 400 ? "form_gone" : "form_failed");
      trouble.hidden = false;
    } finally {
      send.disabled = false;
    }
  });
  dialog.oncancel = (e) => { e.preventDefault(); cancel(); };
  dialog.replaceChildren(body);
  dialog.showModal();
  const first = body.querySelector(".field input, .field textarea, .field select");
  if (first) first.focus();
}

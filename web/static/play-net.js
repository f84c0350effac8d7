// What goes over the wire: deeds to the bot, state and live changes from it.

// uuid works without a secure context, where crypto.randomUUID is missing.
export function uuid() {
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = (b[6] & 15) | 64;
  b[8] = (b[8] & 63) | 128;
  const hex = [...b].map((x) => x.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

async function post(address, body) {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    credentials: "same-origin",
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw Object.assign(new Error("HTTP " + answer.status), { status: answer.status });
  const text = await answer.text(); // empty where the bot had nothing to hear
  return text ? JSON.parse(text) : { ok: true };
}

// deed posts one thing that a person did. A server in trouble is asked again
// with the same id, so that it happens once.
export async function deed(what) {
  const body = { id: uuid(), ...what };
  for (let wait = 400; ; wait *= 2) {
    try {
      return await post("/hooks/playground", body);
    } catch (trouble) {
      const again = trouble.status === undefined || trouble.status >= 500;
      if (!again || wait > 2000) throw trouble;
      await new Promise((done) => setTimeout(done, wait));
    }
  }
}

export function closeForm(as, draft) {
  return post("/play/close", { as, draft }).catch(() => null);
}

async function get(address, params) {
  const answer = await fetch(address + "?" + new URLSearchParams(params), { credentials: "same-origin", cache: "no-store" });
  if (!answer.ok) throw new Error("HTTP " + answer.status);
  return answer.json();
}

export function state(as, room, since) { return get("/play/state", { as, room, since }); }

export function preview(as, room, message, platform) {
  return get("/play/preview", { as, room, message, platform });
}

// live calls changed at every change that a persona can see, and tells whether
// the line is up. It answers a function that hangs up.
export function live(as, changed, up) {
  let source = null;
  let timer = 0;
  let ended = false;
  const dial = () => {
    source = new EventSource("/play/stream?" + new URLSearchParams({ as }));
    source.addEventListener("open", () => up(true));
    source.addEventListener("change", (e) => changed(JSON.parse(e.data)));
    source.addEventListener("error", () => {
      up(false);
      // The browser redials by itself unless the server answered with an error.
      if (source.readyState === EventSource.CLOSED && !ended) timer = setTimeout(dial, 3000);
    });
  };
  dial();
  return () => { ended = true; clearTimeout(timer); source.close(); };
}

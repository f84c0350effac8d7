// A tool's page: told to the server first, and then the reader goes on. It waits
// until the page was on screen long enough to be believed.

export function show(tracker) {
  const root = tracker.root;
  const button = document.getElementById("go");
  const wait = Number(root.dataset.after) || 2000;
  let gone = false;

  async function go() {
    if (gone || document.visibilityState !== "visible") return;
    gone = true;
    button.disabled = true;
    const to = tracker.now();
    const beacon = tracker.beacon({ from: Math.max(0, to - Math.round(performance.now() - began)), to, gestures: pressed, ...(navigator.webdriver ? { driven: true } : {}) });
    try {
      const r = await fetch(root.dataset.go, { method: "POST", body: JSON.stringify({ beacons: [beacon] }), headers: { "Content-Type": "application/json" }, credentials: "same-origin" });
      if (!r.ok) throw new Error(String(r.status));
      location.replace((await r.json()).url); // so that "back" leads to the chat, not here
    } catch {
      gone = false;
      button.disabled = false;
    }
  }

  let began = performance.now();
  let pressed = 0;
  let timer = 0;
  const arm = () => {
    clearTimeout(timer);
    began = performance.now();
    timer = setTimeout(go, wait + 100);
  };
  button.hidden = false;
  button.addEventListener("click", (e) => {
    if (e.isTrusted) pressed++;
    if (performance.now() - began >= wait) go();
    else button.disabled = true; // on its way
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") arm();
    else clearTimeout(timer);
  });
  addEventListener("pageshow", (e) => { if (e.persisted) { gone = false; button.disabled = false; clearTimeout(timer); } });
  if (document.visibilityState === "visible") arm();
}

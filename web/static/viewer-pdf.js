// A document in the page: every page a sheet of its own size, drawn when it comes
// near and let go when it is far. Which sheet is on screen is the tracker's to ask.

const far = 2; // sheets beyond the screen that stay drawn
const pixelsMax = 8e6; // of one canvas: phones give up above some 16 million

// The renderer's worker and a small file come while the rest is still being read.
const { worker, file, size } = document.getElementById("viewer").dataset;
const big = Number(size) > 2 << 20; // comes in pieces, as its pages are wanted
const engine = new Worker(worker, { type: "module" });
const bytes = big ? null : fetch(file, { credentials: "include" }).then((r) => {
  if (!r.ok) throw new Error("the document is answered with " + r.status);
  return r.arrayBuffer();
});

export async function show(tracker) {
  const { root, part } = tracker;
  const name = (n) => root.dataset.word + " " + n;
  const pdfjs = await import(root.dataset.pdfjs);
  pdfjs.GlobalWorkerOptions.workerPort = engine;
  const below = new URL("/static/pdfjs/", location.href).href;
  const doc = await pdfjs.getDocument({
    ...(big ? { url: new URL(file, location.href).href, withCredentials: true, rangeChunkSize: 1 << 17, disableAutoFetch: true, disableStream: true } : { data: await bytes }),
    cMapUrl: below + "cmaps/", cMapPacked: true, standardFontDataUrl: below + "standard_fonts/", wasmUrl: below + "wasm/", useWasm: false,
    isEvalSupported: false, enableXfa: false, useSystemFonts: false, verbosity: 0,
  }).promise;

  const box = document.getElementById("sheets");
  box.classList.add("waiting"); // the cover stands in until the first sheet is drawn
  const sheets = [];
  const on = new Map(); // page → how much of it is on screen, 0 to 1
  const count = Math.min(doc.numPages, 2000);
  part.of = count;
  let zoom = 0; // 0 = as wide as the window; else px per point
  let now = 1;

  const first = await doc.getPage(1);
  const shape = first.getViewport({ scale: 1 });
  for (let n = 1; n <= count; n++) {
    const at = document.createElement("section");
    at.className = "sheet-page";
    at.id = "page-" + n;
    at.setAttribute("aria-label", name(n));
    at.dataset.page = n;
    box.append(at);
    sheets.push({ n, at, w: shape.width, h: shape.height, known: n === 1, page: n === 1 ? first : null, drawn: 0, task: null });
  }

  function room() { return Math.max(200, box.clientWidth); }
  function scaleOf(s) {
    if (zoom) return zoom;
    // A sheet is no wider than the window, and on a large screen no larger than
    // reads well.
    return fitOf(s);
  }
  function fitOf(s) { return Math.min(room(), s.h > s.w ? 920 : 1120) / s.w; }
  function lay(s) {
    const k = scaleOf(s);
    s.at.style.width = Math.round(s.w * k) + "px";
    s.at.style.height = Math.round(s.h * k) + "px";
    s.at.style.setProperty("--total-scale-factor", k);
    s.at.style.setProperty("--scale-factor", k);
  }
  function layAll() {
    const keep = sheets[now - 1].at;
    const top = keep.getBoundingClientRect().top;
    const tall = keep.offsetHeight || 1;
    sheets.forEach(lay);
    const moved = top < 0 ? top * (keep.offsetHeight / tall) : top;
    scrollBy(0, keep.getBoundingClientRect().top - moved);
    want();
  }

  async function know(s) {
    if (!s.page) s.page = await doc.getPage(s.n);
    if (!s.known) {
      const v = s.page.getViewport({ scale: 1 });
      s.known = true;
      if (Math.abs(v.width - s.w) > 1 || Math.abs(v.height - s.h) > 1) { s.w = v.width; s.h = v.height; lay(s); }
    }
    return s.page;
  }

  // Sharp as the screen is, also when pinched, within what a phone can hold.
  function sharp(s, k) {
    const pinch = window.visualViewport ? Math.min(3, visualViewport.scale) : 1;
    return Math.min((devicePixelRatio || 1) * pinch, Math.sqrt(pixelsMax / (s.w * k * s.h * k)));
  }

  let queue = Promise.resolve();
  function draw(s) {
    queue = queue.then(() => (wanted.has(s.n) ? drawNow(s) : null)).catch(() => {});
  }
  async function drawNow(s) {
    const page = await know(s);
    const k = scaleOf(s);
    const density = sharp(s, k);
    if (s.drawn && Math.abs(s.drawn - k * density) < 0.01) return;
    const view = page.getViewport({ scale: k * density });
    const canvas = document.createElement("canvas");
    canvas.width = Math.ceil(view.width);
    canvas.height = Math.ceil(view.height);
    s.task = page.render({ canvasContext: canvas.getContext("2d", { alpha: false }), canvas, viewport: view });
    await s.task.promise;
    s.task = null;
    if (!wanted.has(s.n)) return;
    s.drawn = k * density;
    s.at.replaceChildren(canvas);
    s.at.dataset.drawn = "1";
    if (s.n === 1 && !performance.getEntriesByName("akari-first-page").length) {
      performance.mark("akari-first-page");
      document.getElementById("loading").hidden = true;
      const cover = document.getElementById("first");
      if (cover) cover.remove();
      box.classList.remove("waiting");
      if (location.hash === "#after") { // something below the last page was pressed: there it shows
        document.getElementById("after").scrollIntoView({ block: "end", behavior: "instant" });
        history.replaceState(null, "", location.pathname + location.search);
      }
    }
    const text = document.createElement("div");
    text.className = "textLayer" + (root.dataset.copy ? "" : " still");
    s.at.append(text);
    await new pdfjs.TextLayer({ textContentSource: page.streamTextContent(), container: text, viewport: page.getViewport({ scale: k }) }).render();
  }
  function release(s) {
    if (s.task) { s.task.cancel(); s.task = null; }
    if (!s.drawn) return;
    s.drawn = 0;
    const canvas = s.at.querySelector("canvas");
    if (canvas) canvas.width = canvas.height = 0; // phones count canvases that are only forgotten
    s.at.replaceChildren();
    delete s.at.dataset.drawn;
    if (s.page) s.page.cleanup();
  }

  let wanted = new Set([1]);
  function want() {
    const seen = [...on.keys()];
    const low = Math.max(1, Math.min(now, ...seen) - far);
    const high = Math.min(count, Math.max(now, ...seen) + far);
    wanted = new Set();
    for (let n = low; n <= high; n++) wanted.add(n);
    for (const s of sheets) if (!wanted.has(s.n)) release(s);
    for (const n of [...wanted].sort((a, b) => (seen.includes(b) - seen.includes(a)) || Math.abs(a - now) - Math.abs(b - now))) draw(sheets[n - 1]);
  }

  // Whose time it is: sheets that are wholly on screen share it; where none is,
  // the one that shows most of itself to the eye has it.
  const bar = document.querySelector(".bar");
  function measure() {
    const top = bar.getBoundingClientRect().bottom;
    const high = innerHeight - top;
    const whole = [];
    let most = null, size = 0;
    for (const n of on.keys()) {
      const r = sheets[n - 1].at.getBoundingClientRect();
      const seen = Math.min(r.bottom, innerHeight) - Math.max(r.top, top);
      if (seen <= 0 || r.height <= 0) continue;
      if (seen >= r.height * 0.97) whole.push(n);
      if (seen > size + 1) { size = seen; most = n; }
    }
    if (whole.length) return whole;
    return most !== null && (size >= high * 0.25 || size >= 0.5 * sheets[most - 1].at.offsetHeight) ? [most] : [];
  }
  let shares = [];
  part.share = () => shares.map((n) => [n, 1 / shares.length]);
  function look() {
    const next = measure();
    if (next.join() !== shares.join()) {
      tracker.shareOut(); // the time until now was the others'
      shares = next;
    }
    if (next.length) {
      const at = next[0];
      if (at !== now) { now = at; point(); want(); }
    }
  }
  const eye = new IntersectionObserver((entries) => {
    for (const e of entries) {
      const n = Number(e.target.dataset.page);
      if (e.isIntersecting) on.set(n, e.intersectionRatio); else on.delete(n);
    }
    look();
    want();
  }, { threshold: [0, 0.1, 0.25, 0.5, 0.75, 0.97] });
  let waiting = false;
  addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; look(); });
  }, { passive: true });

  // Where we are, and how to get elsewhere.
  const where = document.getElementById("where");
  const field = document.getElementById("page-number");
  document.getElementById("page-of").textContent = "/ " + count;
  where.hidden = false;
  function point() {
    if (document.activeElement !== field) field.value = now;
    for (const t of thumbs.children) t.toggleAttribute("aria-current", Number(t.dataset.page) === now);
    const mark = thumbs.children[now - 1];
    if (mark && !thumbs.hidden && thumbs.offsetParent) {
      const r = mark.offsetTop;
      if (r < thumbs.scrollTop || r + mark.offsetHeight > thumbs.scrollTop + thumbs.clientHeight) thumbs.scrollTop = r - 40;
    }
  }
  function go(n) {
    n = Math.max(1, Math.min(count, n));
    sheets[n - 1].at.scrollIntoView({ block: "start", behavior: "instant" });
    look();
  }
  field.addEventListener("change", () => { const n = parseInt(field.value.normalize("NFKC"), 10); if (n) go(n); field.value = now; field.blur(); });
  field.addEventListener("focus", () => field.select());

  const steps = [0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3];
  function zoomTo(by) {
    const s = sheets[now - 1];
    const fit = fitOf(s);
    const at = scaleOf(s) / fit;
    const next = by > 0 ? steps.find((x) => x > at + 0.01) : steps.findLast((x) => x < at - 0.01);
    if (!next) return;
    zoom = next === 1 ? 0 : next * fit;
    layAll();
  }
  document.getElementById("zoom-in").addEventListener("click", () => zoomTo(1));
  document.getElementById("zoom-out").addEventListener("click", () => zoomTo(-1));
  document.getElementById("zoom-fit").addEventListener("click", () => { zoom = 0; layAll(); });

  addEventListener("keydown", (e) => {
    if (e.target.closest && e.target.closest("input, textarea, select") || e.altKey) return;
    const act = e.ctrlKey || e.metaKey
      ? { "+": () => zoomTo(1), ";": () => zoomTo(1), "=": () => zoomTo(1), "-": () => zoomTo(-1), 0: () => { zoom = 0; layAll(); } }[e.key]
      : { ArrowRight: () => go(now + 1), ArrowLeft: () => go(now - 1), PageDown: () => go(now + 1), PageUp: () => go(now - 1), n: () => go(now + 1), p: () => go(now - 1), Home: () => go(1), End: () => go(count), "+": () => zoomTo(1), "-": () => zoomTo(-1), t: () => toggle() }[e.key];
    if (!act) return;
    e.preventDefault();
    act();
  });

  // Thumbnails are small pictures, drawn when they come into view.
  const thumbs = document.getElementById("thumbs");
  const opener = document.getElementById("thumbs-open");
  function toggle(force) {
    const open = root.classList.toggle("with-thumbs", force);
    opener.setAttribute("aria-expanded", String(open));
    if (open) point();
    layAll();
  }
  const near = new IntersectionObserver((entries) => {
    for (const e of entries) {
      if (!e.isIntersecting) continue;
      near.unobserve(e.target);
      queue = queue.then(() => small(e.target)).catch(() => {});
    }
  }, { root: thumbs, rootMargin: "200px" });
  async function small(at) {
    const page = await know(sheets[Number(at.dataset.page) - 1]);
    const plain = page.getViewport({ scale: 1 });
    const view = page.getViewport({ scale: 128 * Math.min(2, devicePixelRatio || 1) / plain.width });
    const canvas = document.createElement("canvas");
    canvas.width = Math.ceil(view.width);
    canvas.height = Math.ceil(view.height);
    await page.render({ canvasContext: canvas.getContext("2d", { alpha: false }), canvas, viewport: view }).promise;
    at.firstChild.replaceChildren(canvas);
  }
  for (let n = 1; n <= count; n++) {
    const at = document.createElement("button");
    at.type = "button";
    at.dataset.page = n;
    at.setAttribute("aria-label", name(n));
    const picture = document.createElement("span");
    picture.style.aspectRatio = shape.width + " / " + shape.height;
    const label = document.createElement("small");
    label.textContent = n;
    at.append(picture, label);
    at.addEventListener("click", () => { go(n); if (innerWidth <= 900) toggle(false); });
    thumbs.append(at);
    near.observe(at);
  }
  opener.addEventListener("click", () => toggle());

  sheets.forEach(lay);
  if (innerWidth > 1000 && count > 1) { root.classList.add("with-thumbs"); opener.setAttribute("aria-expanded", "true"); }
  sheets.forEach(lay);
  sheets.forEach((s) => eye.observe(s.at));
  draw(sheets[0]);
  point();
  let wide = box.clientWidth, later = 0;
  new ResizeObserver(() => {
    if (box.clientWidth === wide) return;
    wide = box.clientWidth;
    clearTimeout(later);
    later = setTimeout(layAll, 100);
  }).observe(box);
  if (window.visualViewport) visualViewport.addEventListener("resize", () => { clearTimeout(later); later = setTimeout(want, 200); });
}

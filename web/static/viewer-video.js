// A video: which seconds of it were really shown. Jumping over a part does not
// show it, showing it twice shows it once, and double speed shows all of it.

export function show(tracker) {
  const { root, part } = tracker;
  const video = document.getElementById("video");
  const shelf = "akari-place:" + location.pathname + ":" + root.dataset.resume;
  let begun = null; // media time at which the stretch that is being shown began, s
  let last = 0; // media time up to which it was shown
  let at = 0; // when that was
  let shown = [];

  const ms = (s) => Math.round(s * 1000);

  function end() {
    if (begun !== null && last > begun) shown.push([ms(begun), ms(last)]);
    begun = null;
  }

  // Media time that goes on faster than the speed allows was jumped over.
  function step() {
    const t = video.currentTime;
    const clock = performance.now();
    if (video.paused || video.seeking || document.visibilityState !== "visible") { end(); return; }
    if (begun !== null && (t < last - 0.05 || t - last > (clock - at) / 1000 * video.playbackRate * 1.25 + 0.3)) end();
    if (begun === null) begun = t;
    last = Math.max(t, begun);
    at = clock;
  }

  function whole() { return Number.isFinite(video.duration) && video.duration > 0; }

  part.alive = () => !video.paused && !video.ended;
  part.stop = () => video.pause();
  part.tell = (b) => {
    step();
    if (begun !== null && last > begun) { shown.push([ms(begun), ms(last)]); begun = last; }
    if (shown.length) b.watched = shown.slice(0, 200);
    if (whole()) b.length = ms(video.duration);
    if (b.watched && b.length) b.watched = b.watched.map(([f, t]) => [f, Math.min(t, b.length)]).filter(([f, t]) => t > f);
    shown = [];
  };

  // Coming back goes on where it stopped, in this browser.
  function keep() {
    try {
      if (video.ended || video.currentTime < 3) localStorage.removeItem(shelf);
      else localStorage.setItem(shelf, video.currentTime.toFixed(1));
    } catch { /* a private window forgets */ }
  }
  let resumed = false;
  function resume() {
    if (resumed || !whole()) return;
    resumed = true;
    let place = 0;
    try { place = Number(localStorage.getItem(shelf)) || 0; } catch { /* none */ }
    if (place > 3 && place < video.duration - 3 && video.currentTime < 1) video.currentTime = place;
  }

  video.addEventListener("loadedmetadata", resume);
  video.addEventListener("timeupdate", step);
  video.addEventListener("playing", () => { tracker.begin(); step(); });
  video.addEventListener("seeking", () => { end(); });
  for (const name of ["pause", "ended", "waiting"]) video.addEventListener(name, () => {
    if (begun !== null && !video.seeking && video.currentTime >= last && video.currentTime - last < 1) last = video.currentTime;
    end();
    keep();
    if (name !== "waiting") tracker.close(false);
  });
  setInterval(keep, 5000);
  document.addEventListener("visibilitychange", () => { if (document.visibilityState !== "visible") { end(); keep(); } });
  addEventListener("pagehide", keep);
  if (video.readyState >= 1) resume();
}

// Tells, once, that the page has really been on screen for a while. Only time
// with the page visible counts; a hidden tab stands still.
"use strict";
(function () {
  var page = document.getElementById("viewer");
  if (!page || !page.dataset.seen) return;
  var after = Number(page.dataset.after) || 2000;
  var visible = 0;
  var since = null;
  var timer = null;
  var told = false;

  function now() { return performance.now(); }

  function stop() {
    if (since !== null) visible += now() - since;
    since = null;
    clearTimeout(timer);
  }

  function tell() {
    stop();
    if (told || visible < after) { go(); return; }
    told = true;
    var body = new URLSearchParams({ ms: String(Math.round(visible)) });
    fetch(page.dataset.seen, { method: "POST", body: body, keepalive: true, credentials: "same-origin" })
      .then(function (r) { if (!r.ok) again(); }, again);
  }

  function again() { told = false; timer = setTimeout(tell, 3000); }

  function go() {
    if (told || since !== null || document.visibilityState !== "visible") return;
    since = now();
    timer = setTimeout(tell, Math.max(0, after - visible));
  }

  document.addEventListener("visibilitychange", function () {
    if (document.visibilityState === "visible") go(); else stop();
  });
  window.addEventListener("pagehide", stop);
  go();
})();

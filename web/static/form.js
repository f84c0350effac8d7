// What is typed into a form is kept while it is typed, so that a closed tab or a
// dead battery loses nothing. Where one has to enter again first (data-out), the form
// stays as it is and says so, instead of being sent to be lost. Long lists of choices can be looked through.
"use strict";
(function () {
  var form = document.querySelector("form[data-keep], form[data-filter]");
  if (!form) return;
  var timer = 0;
  var dirty = false;
  var sending = false;
  var typed = false;
  var asking = false;

  function values() { return new URLSearchParams(new FormData(form)); }

  function keep() {
    clearTimeout(timer);
    if (!dirty || sending || !form.dataset.keep) return;
    dirty = false;
    post().catch(function () { dirty = true; });
  }

  // post keeps what stands in the fields, and answers whether one is still in.
  function post() {
    return fetch(form.dataset.keep, { method: "POST", body: values(), credentials: "same-origin" }).then(function (answer) {
      var out = form.dataset.out && answer.status === 401;
      if (out) dirty = true;
      if (form.dataset.out) tell(out);
      return !out;
    });
  }

  function tell(out) {
    var note = form.querySelector(".out");
    if (!out && note) note.remove();
    if (!out || note) return;
    note = document.createElement("p");
    note.className = "trouble out";
    note.setAttribute("role", "alert");
    note.textContent = form.dataset.out;
    form.lastElementChild.before(note);
  }

  form.addEventListener("input", function () { dirty = typed = true; clearTimeout(timer); timer = setTimeout(keep, 1000); });
  form.addEventListener("submit", function (e) {
    clearTimeout(timer);
    if (!form.dataset.out || !typed) { sending = true; return; }
    e.preventDefault();
    if (asking) return; // pressed twice, sent once
    asking = true;
    var button = e.submitter;
    function go(inside) {
      asking = false;
      if (!inside) return;
      typed = false;
      form.requestSubmit(button);
    }
    post().then(go, function () { go(true); });
  });
  window.addEventListener("pageshow", function () { sending = false; });
  window.addEventListener("pagehide", function () {
    if (dirty && !sending && form.dataset.keep) navigator.sendBeacon(form.dataset.keep, values());
  });

  form.querySelectorAll("fieldset .pick").forEach(function (list) {
    var box = document.createElement("input");
    var legend = list.closest("fieldset").querySelector("legend");
    box.type = "search";
    box.autocomplete = "off";
    box.placeholder = form.dataset.filter;
    box.setAttribute("aria-label", (legend ? legend.textContent + " " : "") + form.dataset.filter);
    box.addEventListener("input", function (e) {
      e.stopPropagation(); // nothing of the form has changed
      var typed = box.value.trim().toLowerCase();
      list.querySelectorAll("label").forEach(function (l) {
        l.hidden = typed !== "" && !l.querySelector("input").checked && l.textContent.toLowerCase().indexOf(typed) < 0;
      });
    });
    box.addEventListener("keydown", function (e) { if (e.key === "Enter") e.preventDefault(); });
    list.before(box);
  });
})();

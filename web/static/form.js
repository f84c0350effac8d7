// What is typed into a form is kept while it is typed, so that a closed tab or a
// dead battery loses nothing. Long lists of choices can be looked through.
"use strict";
(function () {
  var form = document.querySelector("form[data-keep], form[data-filter]");
  if (!form) return;
  var timer = 0;
  var dirty = false;
  var sending = false;

  function values() { return new URLSearchParams(new FormData(form)); }

  function keep() {
    clearTimeout(timer);
    if (!dirty || sending || !form.dataset.keep) return;
    dirty = false;
    fetch(form.dataset.keep, { method: "POST", body: values(), credentials: "same-origin" }).catch(function () { dirty = true; });
  }

  form.addEventListener("input", function () { dirty = true; clearTimeout(timer); timer = setTimeout(keep, 1000); });
  form.addEventListener("submit", function () { sending = true; clearTimeout(timer); });
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

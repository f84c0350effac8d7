// A link has been opened. Only a page that is really on screen opens the
// material: previews, prerenderers and hidden tabs stop here.
"use strict";
(function () {
  var form = document.getElementById("open");
  var slow = document.getElementById("slow");
  var sent = false;

  function offer() { slow.hidden = false; }

  function open() {
    if (sent || document.prerendering || document.visibilityState !== "visible") return;
    sent = true;
    // The zone's name, where the browser tells it: the server keeps only how far
    // its clock is from UTC, to see a link that is read in two far places at once.
    var marks = { script: "1", zone: "" };
    try { marks.zone = Intl.DateTimeFormat().resolvedOptions().timeZone || ""; } catch (e) { /* an old browser */ }
    var added = Object.keys(marks).map(function (name) {
      var mark = document.createElement("input");
      mark.type = "hidden";
      mark.name = name;
      mark.value = marks[name];
      return form.appendChild(mark);
    });
    form.submit();
    added.forEach(function (mark) { mark.remove(); });
    setTimeout(offer, 5000);
  }

  // Coming back with the back button shows this page as it was left.
  window.addEventListener("pageshow", function (e) { if (e.persisted) offer(); });
  document.addEventListener("visibilitychange", open);
  document.addEventListener("prerenderingchange", open);
  open();
})();

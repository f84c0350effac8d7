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
    var mark = document.createElement("input");
    mark.type = "hidden";
    mark.name = "script";
    mark.value = "1";
    form.appendChild(mark);
    form.submit();
    mark.remove();
    setTimeout(offer, 5000);
  }

  // Coming back with the back button shows this page as it was left.
  window.addEventListener("pageshow", function (e) { if (e.persisted) offer(); });
  document.addEventListener("visibilitychange", open);
  document.addEventListener("prerenderingchange", open);
  open();
})();

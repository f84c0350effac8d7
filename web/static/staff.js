// On a narrow screen the list of pages is longer than the screen: the current one is
// brought into sight.
"use strict";
(() => {
  const nav = document.querySelector(".staff-nav");
  const here = nav && nav.querySelector("[aria-current]");
  if (here) nav.scrollLeft = here.offsetLeft - (nav.clientWidth - here.offsetWidth) / 2;
})();

(() => {
  "use strict";
  const tip = document.getElementById("tip");
  const pick = document.getElementById("pick");
  const marks = [...document.querySelectorAll(".mark")];
  let chosen = "";

  const markOf = target => target instanceof Element ? target.closest(".mark[aria-label]") : null;

  function show(mark, x, y) {
    tip.textContent = mark.getAttribute("aria-label");
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    const left = Math.max(12, Math.min(x + 14, document.documentElement.clientWidth - box.width - 12));
    const above = y - box.height - 12;
    tip.style.transform = `translate(${left}px, ${above > 8 ? above : y + 18}px)`;
  }

  function showAt(mark) {
    const box = mark.getBoundingClientRect();
    show(mark, box.left + box.width / 2, box.top);
  }

  const hide = () => { tip.hidden = true; };

  function highlight(ids) {
    const wanted = new Set(ids.split(" ").filter(Boolean));
    chosen = ids;
    for (const mark of marks) {
      const own = mark.dataset.segments.split(" ");
      mark.classList.toggle("dim", wanted.size > 0 && !own.some(id => wanted.has(id)));
    }
    if (pick) pick.value = wanted.size === 1 ? ids : "";
  }

  const toggle = mark => highlight(mark.dataset.segments === chosen ? "" : mark.dataset.segments);

  if (pick) pick.addEventListener("change", () => highlight(pick.value));

  // on a phone the middle of the map is what it is about; the other pictures begin at their left
  const map = document.querySelector("#segment_map .scroll");
  if (map) map.scrollLeft = (map.scrollWidth - map.clientWidth) / 2;

  for (const picture of document.querySelectorAll(".picture")) {
    const stops = [...picture.querySelectorAll(".mark[tabindex]")];
    // on the box, not on the picture: an SVG with a listener for focus is a stop of its own in Chromium
    const box = picture.parentElement;
    if (stops.length) stops[0].setAttribute("tabindex", "0");
    box.addEventListener("pointermove", event => {
      const mark = markOf(event.target);
      if (mark) show(mark, event.clientX, event.clientY); else hide();
    });
    box.addEventListener("pointerleave", hide);
    box.addEventListener("click", event => {
      const mark = markOf(event.target);
      if (mark) toggle(mark);
    });
    box.addEventListener("focusin", event => {
      const mark = markOf(event.target);
      if (!mark) return;
      for (const stop of stops) stop.setAttribute("tabindex", stop === mark ? "0" : "-1");
      showAt(mark);
    });
    box.addEventListener("focusout", hide);
    box.addEventListener("keydown", event => {
      const at = stops.indexOf(document.activeElement);
      const last = stops.length - 1;
      const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: last }[event.key];
      if (at < 0) return;
      if (to !== undefined) {
        event.preventDefault();
        stops[Math.max(0, Math.min(to, last))].focus();
      } else if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        toggle(stops[at]);
      }
    });
  }

  document.addEventListener("keydown", event => {
    if (event.key === "Escape") { hide(); highlight(""); }
  });
  // moving on to a mark may scroll the page: what is told of it moves with it
  document.addEventListener("scroll", () => {
    if (tip.hidden) return;  // Escape has closed it
    const mark = markOf(document.activeElement);
    if (mark && mark.matches(":focus-visible")) showAt(mark); else hide();
  }, { passive: true, capture: true });
})();

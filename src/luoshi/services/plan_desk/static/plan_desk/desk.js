// The desk by keyboard and mouse: item and sentence find each other, j/k walk, a/x/e/b/s/m act, w tells why, a selection becomes a target.
// Every link and form here works without this file.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const desk = document.querySelector(".desk");
  if (!desk) return;
  const doc = desk.querySelector(".doc");
  let here = null;

  const items = () => [...desk.querySelectorAll(".item")];
  const marksOf = (item) => {
    const pk = item.id.slice("item-".length);
    return [...doc.querySelectorAll("mark")].filter((mark) => mark.dataset.targets.split(" ").includes(pk));
  };
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const scrollTo = (element) => element.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });

  const choose = (item, { focus = true, showItem = true } = {}) => {
    for (const old of desk.querySelectorAll(".here")) old.classList.remove("here");
    here = item ? item.id : null;
    if (!item) return;
    item.classList.add("here");
    const marks = marksOf(item);
    for (const mark of marks) mark.classList.add("here");
    if (marks.length) scrollTo(marks[0]);
    if (focus) item.focus({ preventScroll: true });
    if (showItem) scrollTo(item);
  };
  // Where a field was read: the run of the document that holds the place, shown for a moment.
  const showPlace = (start) => {
    const runs = [...doc.querySelectorAll("[data-start]")].filter((run) => Number(run.dataset.start) <= start);
    const run = runs.sort((a, b) => Number(b.dataset.start) - Number(a.dataset.start))[0];
    if (!run) return;
    for (const old of doc.querySelectorAll(".read-here")) old.classList.remove("read-here");
    run.classList.add("read-here");
    scrollTo(run);
  };
  const chosen = () => (here ? document.getElementById(here) : null);

  desk.addEventListener("click", (event) => {
    const close = event.target.closest("[data-close]");
    if (close && close.closest(".form-place, #adder")) {
      event.preventDefault();
      const place = close.closest(".form-place, #adder");
      place.replaceChildren();
      chosen()?.focus({ preventScroll: true });
      return;
    }
    const from = event.target.closest(".why [data-from]");
    if (from) {
      event.preventDefault();
      showPlace(Number(from.dataset.from));
      return;
    }
    const mark = event.target.closest("mark");
    if (mark && !String(getSelection())) {
      const first = mark.dataset.targets.split(" ").map((pk) => document.getElementById(`item-${pk}`)).find(Boolean);
      if (first) {
        event.preventDefault();
        choose(first);
      }
      return;
    }
    const item = event.target.closest(".item");
    if (!item) return;
    if (event.target.closest("a.metric")) {
      event.preventDefault();
      choose(item, { showItem: false });
    } else if (!event.target.closest("a, button, input, select, textarea, summary, form")) {
      choose(item, { showItem: false });
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest("input, select, textarea");
    if (event.key === "Escape") {
      const place = event.target.closest(".form-place, #adder");
      place?.replaceChildren();
      chosen()?.focus({ preventScroll: true });
      return;
    }
    if (typing) return;
    if (event.key === "j" || event.key === "k") {
      const all = items();
      const at = all.indexOf(chosen());
      const next = all[event.key === "j" ? at + 1 : Math.max(0, at - 1)];
      if (next) choose(next);
      event.preventDefault();
    } else if (event.key === "w") {
      const why = chosen()?.querySelector("details.why");
      if (why) why.open = !why.open;
    } else if (["a", "x", "e", "b", "s", "m"].includes(event.key)) {
      const button = chosen()?.querySelector(`[data-key="${event.key}"]`);
      if (button) {
        event.preventDefault();
        button.click();
      }
    }
  });

  // After an item was exchanged: keep the place, colour its sentence by what it is now.
  document.body.addEventListener("htmx:afterSettle", () => {
    for (const item of items()) {
      for (const mark of marksOf(item)) mark.classList.toggle("open", item.dataset.status === "proposed");
    }
    const item = chosen();
    if (item) {
      item.classList.add("here");
      if (!document.activeElement || document.activeElement === document.body) item.focus({ preventScroll: true });
    }
  });

  // Selecting a sentence in the document offers to add it.
  const url = desk.dataset.addUrl;
  let offer = null;
  const offsetIn = (node, offset) => {
    const run = (node.nodeType === Node.TEXT_NODE ? node.parentElement : node).closest("[data-start]");
    if (!run) return null;
    const range = document.createRange();
    range.selectNodeContents(run);
    range.setEnd(node, offset);
    // The server counts characters, the browser UTF-16 units.
    return Number(run.dataset.start) + [...range.toString()].length;
  };
  const dropOffer = () => {
    offer?.remove();
    offer = null;
  };
  document.addEventListener("selectionchange", () => {
    if (!url) return;
    dropOffer();
    const selection = getSelection();
    if (!selection.rangeCount || selection.isCollapsed) return;
    const range = selection.getRangeAt(0);
    if (!doc.contains(range.commonAncestorContainer)) return;
    const start = offsetIn(range.startContainer, range.startOffset);
    const end = offsetIn(range.endContainer, range.endOffset);
    if (start === null || end === null || end - start < 4) return;
    offer = document.createElement("button");
    offer.type = "button";
    offer.className = "add-here";
    offer.textContent = document.documentElement.lang === "en" ? "Add as a target" : "补充为目标";
    const box = range.getBoundingClientRect();
    offer.style.top = `${box.bottom + scrollY + 4}px`;
    offer.style.left = `${Math.max(8, box.left + scrollX)}px`;
    offer.addEventListener("mousedown", (event) => event.preventDefault());
    offer.addEventListener("click", () => {
      dropOffer();
      const address = `${url}?start=${start}&end=${end}`;
      htmx.ajax("GET", address, { target: "#adder", swap: "innerHTML" }).then(() => {
        document.getElementById("adder").scrollIntoView({ block: "nearest" });
      });
    });
    document.body.append(offer);
  });

  // Coming from a link to an item (#item-17), show its sentence too.
  const linked = location.hash.startsWith("#item-") ? document.getElementById(location.hash.slice(1)) : null;
  if (linked) choose(linked);
});

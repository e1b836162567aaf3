// Keys of the meeting: arrows and the page keys of a presenter go from division to division, N begins a decision.
"use strict";
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea");
  if (event.key === "Escape" && typing) {
    typing.blur();
    return;
  }
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const go = (name) => document.querySelector(`[data-key="${name}"]`)?.click();
  if (event.key === "ArrowRight" || event.key === "PageDown") go("next");
  else if (event.key === "ArrowLeft" || event.key === "PageUp") go("previous");
  else if (event.key.toLowerCase() === "n") document.getElementById("what")?.focus();
  else return;
  event.preventDefault();
});

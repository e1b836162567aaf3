// The cockpit works without scripts; this lets it fill the screen and colours the map at once when a promise is chosen.
"use strict";
const dress = () => {
  const button = document.querySelector("[data-fullscreen]");
  if (button) button.hidden = !document.fullscreenEnabled || Boolean(document.fullscreenElement);
};
document.addEventListener("DOMContentLoaded", dress);
document.addEventListener("fullscreenchange", dress);
document.addEventListener("htmx:afterSwap", dress);
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-fullscreen]")) document.documentElement.requestFullscreen();
});
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.submit();
});
// Somebody reading or choosing is not disturbed: the next minute will do.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id === "cockpit" && document.activeElement?.closest("select")) event.preventDefault();
});

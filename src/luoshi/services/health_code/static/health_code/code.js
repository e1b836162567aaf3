// A fresh code before the old one ends; the page also works without (it reloads itself).
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const box = document.querySelector("[data-fresh]");
  const renew = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(box.dataset.fresh, { credentials: "same-origin", redirect: "error" });
      if (answer.ok) box.innerHTML = await answer.text();
      else location.reload();
    } catch { /* offline: the code on the screen simply ends */ }
  };
  setInterval(renew, Number(box.dataset.again) * 1000);
  document.addEventListener("visibilitychange", renew);
});

// Scrolls, windows and zooms the frames that the server draws; without it the links of the page do the same.
(() => {
  const picture = document.getElementById("picture");
  const list = document.getElementById("frames");
  if (!picture || !list) return;
  const frames = JSON.parse(list.textContent);
  const place = document.getElementById("place");
  const c = document.getElementById("c"), w = document.getElementById("w");
  const screen = picture.parentElement;
  let at = Math.max(0, frames.findIndex((url) => picture.getAttribute("src").startsWith(url)));
  let zoom = 1;
  const query = () => (c.value !== "" && w.value !== "" ? `?c=${encodeURIComponent(c.value)}&w=${encodeURIComponent(w.value)}` : "");
  const draw = () => {
    picture.src = frames[at] + query();
    place.textContent = `${at + 1}/${frames.length}`;
    const next = frames[Math.min(frames.length - 1, at + 1)];
    new Image().src = next + query();
  };
  const move = (by) => { at = Math.min(frames.length - 1, Math.max(0, at + by)); draw(); };
  const window_ = (center, width) => {
    if (c.value === "" || w.value === "") { c.value = 40; w.value = 400; }
    c.value = Math.round(Number(c.value) + center);
    w.value = Math.max(1, Math.round(Number(w.value) * width));
    draw();
  };
  const scale = (by) => { zoom = by ? Math.min(8, Math.max(0.25, zoom * by)) : 1; picture.style.width = zoom === 1 ? "" : `${48 * zoom}rem`; picture.style.maxWidth = zoom === 1 ? "" : "none"; };
  const keys = {
    ArrowDown: () => move(1), ArrowRight: () => move(1), ArrowUp: () => move(-1), ArrowLeft: () => move(-1),
    PageDown: () => move(10), PageUp: () => move(-10), Home: () => move(-frames.length), End: () => move(frames.length),
    w: () => window_(0, 1.2), s: () => window_(0, 1 / 1.2), a: () => window_(-20, 1), d: () => window_(20, 1),
    "+": () => scale(1.25), "=": () => scale(1.25), "-": () => scale(0.8), 0: () => scale(0),
  };
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = keys[event.key] || keys[event.key.toLowerCase()];
    if (act) { event.preventDefault(); act(); }
  });
  screen.addEventListener("wheel", (event) => { event.preventDefault(); move(event.deltaY > 0 ? 1 : -1); }, { passive: false });
  for (const link of document.querySelectorAll("a.window")) {
    link.addEventListener("click", (event) => { event.preventDefault(); c.value = link.dataset.c; w.value = link.dataset.w; draw(); screen.focus(); });
  }
  screen.focus();
})();

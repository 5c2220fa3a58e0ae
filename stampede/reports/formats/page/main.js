// Who is shown, in which light, and what is drawn when it comes into view.

const plots = {
  compared: drawCompared, sweep: drawSweep, database: drawDatabase, latency: drawLatency, requests: drawRequests,
  staleness: drawStaleness, sequence: drawSequence,
};
const drawn = new Set(); // a plot is drawn when it comes into view, so that the page is quick

function show(id) {
  if (drawn.has(id)) return;
  drawn.add(id);
  plots[id]();
}

function redraw() {
  drawn.forEach((id) => plots[id]());
}

function option(select, value, label) {
  select.append(Object.assign(document.createElement("option"), { value, textContent: label }));
}

function choose(name, on) {
  if (on) hidden.delete(name);
  else hidden.add(name);
  for (const each of strategies.filter((strategy) => strategy.name === name)) {
    for (const row of document.querySelectorAll(`tr[data-row="${each.index}"]`)) row.hidden = !on;
  }
  redraw();
}

function fillFilter() {
  data.names.forEach((name, tone) => {
    const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: true, name: "strategy" });
    const swatch = Object.assign(document.createElement("span"), { className: "swatch" });
    swatch.style.setProperty("background", `var(--s${tone % PALETTE})`);
    const label = document.createElement("label");
    label.append(box, swatch, name);
    byId("filter").append(label);
    box.addEventListener("change", () => choose(name, box.checked));
  });
  if (points.length < 2) return;
  const select = Object.assign(document.createElement("select"), { id: "point" });
  points.forEach((point) => option(select, point, point));
  select.value = points.at(-1);
  select.addEventListener("change", redraw);
  const label = Object.assign(document.createElement("label"), { className: "point", textContent: "Pictures of single trials at" });
  label.append(select);
  byId("filter").append(label);
}

function setTheme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  byId("theme").textContent = dark ? "Light" : "Dark";
  byId("theme").setAttribute("aria-pressed", dark);
}

const system = matchMedia("(prefers-color-scheme: dark)");
system.addEventListener("change", () => { setTheme(system.matches); redraw(); });
byId("theme").addEventListener("click", () => { setTheme(document.documentElement.dataset.theme !== "dark"); redraw(); });

setTheme(system.matches);
fillFilter();
byId("clock").textContent = seconds ? "Seconds" : "Milliseconds";
byId("reference").textContent = data.comparison?.reference ?? "";
byId("compared-section").hidden = !data.comparison;
byId("staleness-section").hidden = !strategies.some((each) => each.staleness);
byId("sweep-section").hidden = !Object.values(data.sweep).some((curves) => curves.length);
byId("sequence-section").hidden = strategies.every((each) => each.numbers.length < 2);
strategies.forEach((each) => each.sample && option(byId("sampled"), each.index, each.label));
Object.entries(data.metrics).forEach(([name, label]) => {
  option(byId("metric"), name, label);
  option(byId("sweep-metric"), name, label);
});
byId("sampled").addEventListener("change", drawRequests);
byId("metric").addEventListener("change", drawSequence);
byId("sweep-metric").addEventListener("change", drawSweep);
const watcher = new IntersectionObserver(
  (seen) => seen.forEach((entry) => entry.isIntersecting && show(entry.target.id)), { rootMargin: "150px" });
Object.keys(plots).forEach((id) => watcher.observe(byId(id)));
addEventListener("beforeprint", () => Object.keys(plots).filter((id) => byId(id).offsetParent).forEach(show));
document.documentElement.dataset.ready = "yes";

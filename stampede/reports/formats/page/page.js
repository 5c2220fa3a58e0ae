"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const strategies = data.strategies.map((each, index) => ({ ...each, index, on: true }));
  const byId = (id) => document.getElementById(id);
  const narrow = () => window.innerWidth < 600;
  const PALETTE = 8;
  const TENS = [0.01, 0.1, 1, 10, 100, 1000, 10000, 100000];
  const ROUND = TENS.flatMap((power) => [power, 2 * power, 5 * power]);
  const MANY = 1000; // requests, from which on the graphics card is the quicker painter
  const RARE = 100;
  const DASHES = ["solid", "dash", "dot", "dashdot"];
  const ROLE_COLOURS = { leader: 0, waiter: 2, hit: 3, stale: 1, error: 5, volunteer: 4 };

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const colour = (index) => css(`--s${index % PALETTE}`);
  const shown = () => strategies.filter((each) => each.on);
  // plotly reads a little HTML in names and hover texts; ours are text
  const text = (raw) => String(raw).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const line = (each, more) => ({
    name: text(each.label),
    line: { color: colour(each.index), width: 2, dash: DASHES[Math.floor(each.index / PALETTE) % DASHES.length], ...more },
  });
  const hasWebGL = () => Boolean(document.createElement("canvas").getContext("webgl"));
  const steps = (timeline) => timeline.map((_, index) => index);

  const axis = (title, more) => ({
    title: { text: title, standoff: 8 }, gridcolor: css("--grid"), zerolinecolor: css("--grid"), linecolor: css("--line"),
    automargin: true, ...more,
  });
  const layout = (more) => ({
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false, hovermode: "closest",
    font: { color: css("--text"), family: "system-ui, sans-serif", size: narrow() ? 11 : 13 },
    hoverlabel: { bgcolor: css("--card"), bordercolor: css("--line"), font: { color: css("--text") }, namelength: -1 },
    margin: { l: narrow() ? 44 : 60, r: 12, t: 10, b: 46 },
    // on a touch screen a drag is for scrolling
    dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
    ...more,
  });
  const config = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] };
  const draw = (id, traces, more) => Plotly.react(byId(id), traces, layout(more), config);

  function drawDatabase() {
    const traces = shown().filter((each) => each.database).flatMap((each) => {
      const { step_ms: step, in_flight: inFlight, queued } = each.database;
      const x = steps(inFlight).map((index) => index * step);
      const common = { x, type: "scatter", mode: "lines", ...line(each, { shape: "hv" }) };
      const hover = (what) => `%{y} ${what} at %{x:.0f} ms<extra>${text(each.label)}, trial ${each.shown}</extra>`;
      return [
        { ...common, y: inFlight, hovertemplate: hover("in flight") },
        { ...common, y: queued, yaxis: "y2", hovertemplate: hover("queued") },
      ];
    });
    draw("database", traces, {
      xaxis: axis("ms after the release", { anchor: "y2", rangemode: "tozero" }),
      yaxis: axis("in flight", { domain: [0.56, 1], rangemode: "tozero" }),
      yaxis2: axis("queued", { domain: [0, 0.44], rangemode: "tozero" }),
    });
  }

  function drawLatency() {
    const LAST = 0.8; // where the maximum stands, beyond the rarest percentile
    const traces = shown().filter((each) => each.curve).flatMap((each) => {
      const { beyond, median, low, high } = each.curve;
      const rarest = beyond.filter((share) => share > 0).at(-1) ?? 1;
      const x = beyond.map((share) => share || rarest * LAST);
      const names = beyond.map((share) => (share === 0 ? "max" : share === 1 ? "min" : `p${+(100 - 100 * share).toFixed(3)}`));
      const edge = { x, type: "scatter", mode: "lines", hoverinfo: "skip", line: { width: 0 } };
      return [
        { ...edge, y: low },
        { ...edge, y: high, fill: "tonexty", fillcolor: `${colour(each.index)}2b` },
        {
          x, y: median, text: names, type: "scatter", mode: "lines", ...line(each),
          hovertemplate: `%{text}: %{y:,.1f} ms<extra>${text(each.label)}</extra>`,
        },
      ];
    });
    const ticks = { 1: "min", 0.5: "p50", 0.1: "p90", 0.01: "p99", 0.001: "p99.9", 0.0001: "p99.99", 0.00001: "p99.999" };
    const all = traces.flatMap((trace) => trace.y).filter((ms) => ms > 0);
    const spread = Math.max(...all) / Math.min(...all);
    const round = narrow() ? TENS : ROUND;
    draw("latency", traces, {
      xaxis: axis("share of requests that were faster", {
        type: "log", autorange: "reversed", tickvals: Object.keys(ticks).map(Number), ticktext: Object.values(ticks),
      }),
      // within a factor of ten there may be no round number
      yaxis: axis("ms", { type: "log", ...(spread > 10 && { tickvals: round, ticktext: round.map((ms) => ms.toLocaleString("en")) }) }),
    });
  }

  // A burst is ordered by its answers, so that waves show; what arrives over time by its starts.
  function order(sample) {
    const rows = steps(sample.started_ms);
    const end = (row) => sample.ended_ms[row] ?? Infinity;
    const last = Math.max(...sample.ended_ms.filter((at) => at !== null), 1);
    const burst = sample.started_ms.at(-1) - sample.started_ms[0] < last / 4;
    return burst ? rows.sort((a, b) => end(a) - end(b) || sample.started_ms[a] - sample.started_ms[b]) : rows;
  }

  function drawRequests() {
    const each = strategies[byId("sampled").value];
    const sample = each?.sample;
    byId("sample-note").textContent = sample
      ? `Trial ${each.sampled}: ${sample.started_ms.length.toLocaleString("en")} of ${sample.of.toLocaleString("en")} requests.`
      : "This run has no single requests.";
    if (!sample) return Plotly.purge(byId("requests"));
    const last = Math.max(...sample.ended_ms.map((at) => at ?? 0), ...sample.started_ms);
    const roles = new Map();
    const rows = order(sample);
    rows.forEach((row, place) => {
      const role = data.roles[sample.role[row]] ?? "unknown";
      if (!roles.has(role)) roles.set(role, { x: [], y: [], text: [] });
      const { x, y, text: hover } = roles.get(role);
      const [begin, end] = [sample.started_ms[row], sample.ended_ms[row]];
      const story = end === null ? "never answered" : `${data.outcomes[sample.outcome[row]]} after ${(end - begin).toFixed(2)} ms`;
      const label = `${role} on instance ${sample.instance[row]}: from ${begin.toFixed(2)} ms, ${story}`;
      x.push(begin, end ?? last, null);
      y.push(place, place, null);
      hover.push(label, label, "");
    });
    const kind = rows.length > MANY && hasWebGL() ? "scattergl" : "scatter";
    const thick = Math.max(1, Math.min(8, 300 / rows.length));
    // the rare ones on top and thick enough to be found: the one leader among thousands
    const byRarity = [...roles].sort((a, b) => b[1].x.length - a[1].x.length);
    const traces = byRarity.map(([role, points]) => ({
      ...points, name: `${role} (${(points.x.length / 3).toLocaleString("en")})`, type: kind, mode: "lines",
      line: { color: colour(ROLE_COLOURS[role] ?? 6), width: points.x.length < RARE ? Math.max(3, thick) : thick }, hovertemplate: "%{text}<extra></extra>",
    }));
    draw("requests", traces, {
      showlegend: true, legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
      xaxis: axis("ms after the release", { rangemode: "tozero" }),
      yaxis: axis("requests", { rangemode: "tozero" }),
    });
  }

  function drawStaleness() {
    const known = shown().filter((each) => each.staleness);
    const traces = known.map((each) => ({
      x: steps(each.staleness.max_ms).map((index) => index * each.staleness.step_ms), y: each.staleness.max_ms,
      text: each.staleness.stale, type: "scatter", mode: "lines", ...line(each, { shape: "hv" }),
      hovertemplate: `up to %{y:,.1f} ms old, %{text} outdated answers, at %{x:.0f} ms<extra>${text(each.label)}</extra>`,
    }));
    draw("staleness", traces, {
      xaxis: axis("ms after the release", { rangemode: "tozero" }), yaxis: axis("ms", { rangemode: "tozero" }),
    });
  }

  function drawSequence() {
    const metric = byId("metric").value;
    const values = shown().flatMap((each) => each.metrics[metric]).filter((value) => value !== null);
    const wide = values.length && Math.min(...values) > 0 && Math.max(...values) > 30 * Math.min(...values);
    const traces = shown().map((each) => ({
      x: each.numbers, y: each.metrics[metric], type: "scatter", mode: "lines+markers", ...line(each),
      marker: { color: colour(each.index), size: 7, symbol: each.valid.map((valid) => (valid ? "circle" : "x")) },
      hovertemplate: `trial %{x}: %{y:,}<extra>${text(each.label)}</extra>`,
    }));
    draw("sequence", traces, {
      xaxis: axis("trial", { tickformat: "d", ...(Math.max(...strategies.map((s) => s.numbers.length)) < 12 && { dtick: 1 }) }),
      yaxis: axis(data.metrics[metric], wide ? { type: "log" } : { rangemode: "tozero" }),
    });
  }

  function drawSweep() {
    const metric = byId("sweep-metric").value;
    const curves = data.sweep[metric] ?? [];
    const values = curves.flatMap((each) => each.middle).filter((value) => value !== null);
    const wide = values.length && Math.min(...values) > 0 && Math.max(...values) > 30 * Math.min(...values);
    const off = (bounds, middle) => bounds.map((bound, at) => (bound === null ? 0 : Math.abs(bound - middle[at])));
    const traces = curves.map((each, index) => ({
      x: each.values, y: each.middle, type: "scatter", mode: "lines+markers", ...line({ label: each.label, index }),
      error_y: { type: "data", symmetric: false, array: off(each.high, each.middle), arrayminus: off(each.low, each.middle) },
      hovertemplate: `${text(each.parameter)} %{x}: %{y:,.4~g}<extra>${text(each.label)}</extra>`,
    }));
    draw("sweep", traces, {
      showlegend: true, legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
      xaxis: axis(text(curves[0]?.parameter ?? ""), { type: "category" }),
      yaxis: axis(data.metrics[metric], wide ? { type: "log" } : { rangemode: "tozero" }),
    });
  }

  const plots = {
    sweep: drawSweep, database: drawDatabase, latency: drawLatency, requests: drawRequests, staleness: drawStaleness, sequence: drawSequence,
  };
  const drawn = new Set(); // a plot is drawn when it comes into view, so that the page is quick
  function show(id) {
    if (drawn.has(id)) return;
    drawn.add(id);
    plots[id]();
  }
  function redraw() {
    strategies.forEach((each) => each.swatch.style.setProperty("background", colour(each.index)));
    drawn.forEach((id) => plots[id]());
  }

  function option(select, value, label) {
    select.append(Object.assign(document.createElement("option"), { value, textContent: label }));
  }

  function fillFilter() {
    for (const each of strategies) {
      const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: true, name: "strategy" });
      const swatch = Object.assign(document.createElement("span"), { className: "swatch" });
      const label = document.createElement("label");
      label.append(box, swatch, each.label);
      byId("filter").append(label);
      each.swatch = swatch;
      box.addEventListener("change", () => {
        each.on = box.checked;
        for (const row of document.querySelectorAll(`tr[data-row="${each.index}"]`)) row.hidden = !each.on;
        redraw();
      });
    }
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
  byId("staleness-section").hidden = !strategies.some((each) => each.staleness);
  byId("sweep-section").hidden = !Object.values(data.sweep).some((curves) => curves.length);
  strategies.forEach((each) => each.sample && option(byId("sampled"), each.index, each.label));
  Object.entries(data.metrics).forEach(([name, label]) => {
    option(byId("metric"), name, label);
    option(byId("sweep-metric"), name, label);
  });
  byId("sampled").addEventListener("change", drawRequests);
  byId("metric").addEventListener("change", drawSequence);
  byId("sweep-metric").addEventListener("change", drawSweep);
  redraw();
  const watcher = new IntersectionObserver(
    (seen) => seen.forEach((entry) => entry.isIntersecting && show(entry.target.id)), { rootMargin: "150px" });
  Object.keys(plots).forEach((id) => watcher.observe(byId(id)));
  addEventListener("beforeprint", () => Object.keys(plots).forEach(show));
  document.documentElement.dataset.ready = "yes";
})();

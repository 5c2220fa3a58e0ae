// Small multiples: one panel for each strategy, all of one scale, so that the tall one is seen to be tall.

function panelOf(id, each) {
  const found = byId(id).querySelector(`[data-strategy="${each.index}"]`);
  if (found) return found;
  const panel = document.createElement("figure");
  const caption = document.createElement("figcaption");
  const name = Object.assign(document.createElement("b"), { textContent: each.label });
  const swatch = Object.assign(document.createElement("span"), { className: "swatch" });
  swatch.style.setProperty("background", `var(--s${each.tone % PALETTE})`);
  caption.append(swatch, name, Object.assign(document.createElement("span"), { className: "figure", textContent: each.told }));
  const plot = Object.assign(document.createElement("div"), { className: "panel" });
  panel.append(caption, plot);
  panel.dataset.strategy = each.index;
  byId(id).append(panel);
  return panel;
}

function drawPanels(id, known, tracesOf, top, format) {
  const until = clock(highest(known.map((each) => each.until_ms)));
  for (const panel of byId(id).children) panel.hidden = !known.some((each) => String(each.index) === panel.dataset.strategy);
  for (const each of known) {
    Plotly.react(panelOf(id, each).querySelector(".panel"), tracesOf(each), layout({
      hovermode: "x", margin: { l: 44, r: 10, t: 6, b: 26 }, ...eventMarks(),
      xaxis: axis("", { range: [0, until], nticks: 6, ticksuffix: ` ${unit}` }),
      yaxis: axis("", { range: [0, 1.08 * Math.max(top, 1)], nticks: 4, tickformat: format }),
    }), { ...config, displayModeBar: false });
  }
}

// From zero over every step to what was left, and on to the end.
function outline(timeline, values, left, until) {
  const at = [0, ...values.map((_, index) => index * timeline.step_ms), values.length * timeline.step_ms];
  return { x: [...at, Math.max(at.at(-1), until)].map(clock), y: [0, ...values, left, left] };
}

function drawDatabase() {
  const known = shown().filter((each) => each.database);
  const until = highest(known.map((each) => each.until_ms));
  const totals = (each) => each.database.in_flight.map((value, index) => value + each.database.queued[index]);
  const traces = (each) => {
    const timeline = each.database;
    const { in_flight: inFlight, queued } = timeline;
    const [working, waiting] = timeline.left;
    const common = { type: "scatter", mode: "lines", fill: "tozeroy" };
    const story = [0, ...inFlight].map((_, index) => (index ? `${inFlight[index - 1]} in flight, ${queued[index - 1]} queued` : ""));
    return [
      { ...common, ...outline(timeline, totals(each), working + waiting, until), ...line(each, { shape: "hv", width: 1 }),
        fillcolor: `${colour(each.tone)}3a`, hoverinfo: "skip" },
      { ...common, ...outline(timeline, inFlight, working, until), ...line(each, { shape: "hv" }),
        fillcolor: `${colour(each.tone)}c0`, text: story, hovertemplate: `%{text} at %{x} ${unit}<extra>trial ${each.shown}</extra>` },
    ];
  };
  drawPanels("database", known, traces, highest(known.flatMap(totals)), ",d");
}

function drawStaleness() {
  const known = shown().filter((each) => each.staleness);
  const until = highest(known.map((each) => each.until_ms));
  const traces = (each) => [{
    ...outline(each.staleness, each.staleness.max_ms, 0, until), text: ["", ...each.staleness.stale],
    type: "scatter", mode: "lines", fill: "tozeroy", fillcolor: `${colour(each.tone)}60`, ...line(each, { shape: "hv" }),
    hovertemplate: `up to %{y:,.1f} ms old, %{text} outdated answers, at %{x} ${unit}<extra></extra>`,
  }];
  drawPanels("staleness", known, traces, highest(known.flatMap((each) => each.staleness.max_ms)), ",~g");
}

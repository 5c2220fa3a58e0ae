// A metric over a swept parameter: one colour for each strategy, and numbers where they belong on the axis.

function placed(curves) {
  const places = curves.flatMap((each) => each.x ?? []);
  const written = curves.flatMap((each) => each.values);
  if (places.length !== written.length) return { type: "category" };
  const ticks = { tickvals: places, ticktext: written };
  return Math.min(...places) > 0 && Math.max(...places) > 8 * Math.min(...places) ? { type: "log", ...ticks } : ticks;
}

function drawSweep() {
  const metric = byId("sweep-metric").value;
  const curves = (data.sweep[metric] ?? []).filter((each) => !hidden.has(each.strategy));
  const where = placed(curves);
  const off = (bounds, middle) => bounds.map((bound, at) => (bound === null ? 0 : Math.abs(bound - middle[at])));
  const seen = new Map(); // of a strategy, how many curves: one for each choice of the other parameters
  const traces = curves.map((each) => {
    const round = seen.get(each.strategy) ?? 0;
    seen.set(each.strategy, round + 1);
    const tone = colour(data.names.indexOf(each.strategy));
    return {
      x: where.type === "category" ? each.values : each.x, y: each.middle, text: each.values, name: text(each.label),
      type: "scatter", mode: "lines+markers", line: { color: tone, width: 2, dash: dash(round) }, marker: { size: 7 },
      error_y: { type: "data", symmetric: false, array: off(each.high, each.middle), arrayminus: off(each.low, each.middle) },
      hovertemplate: `${text(each.parameter)} %{text}: %{y:,.4~g}<extra>${text(each.label)}</extra>`,
    };
  });
  draw("sweep", traces, {
    ...above(),
    xaxis: axis(text(curves[0]?.parameter ?? ""), where),
    yaxis: valueAxis(data.metrics[metric], curves.flatMap((each) => each.middle)),
  });
}

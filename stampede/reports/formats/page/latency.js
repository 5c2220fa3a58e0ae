// How long the callers waited, from the many to the rare.

const LAST = 0.8; // where the maximum stands, beyond the rarest percentile
const SHARES = { 0.5: "p50", 0.1: "p90", 0.01: "p99", 0.001: "p99.9", 0.0001: "p99.99", 0.00001: "p99.999" };

function curveOf(each) {
  const { beyond, median, low, high } = each.curve;
  const rarest = beyond.filter((share) => share > 0).at(-1) ?? 1;
  const x = beyond.map((share) => share || rarest * LAST);
  const names = beyond.map((share) => (share === 0 ? "max" : share === 1 ? "min" : `p${+(100 - 100 * share).toFixed(3)}`));
  const edge = { x, type: "scatter", mode: "lines", hoverinfo: "skip", line: { width: 0 } };
  return [
    { ...edge, y: low },
    { ...edge, y: high, fill: "tonexty", fillcolor: `${colour(each.tone)}2b` },
    {
      x, y: median, text: names, type: "scatter", mode: "lines", ...line(each),
      hovertemplate: `%{text}: %{y:,.1f} ms<extra>${text(each.label)}</extra>`,
    },
  ];
}

function drawLatency() {
  const traces = shown().filter((each) => each.curve).flatMap(curveOf);
  const all = traces.flatMap((trace) => trace.y).filter((ms) => ms > 0);
  const spread = Math.max(...all) / Math.min(...all);
  const ticks = narrow() ? SHARES : { 1: "min", ...SHARES };
  draw("latency", traces, {
    xaxis: axis("share of requests that were faster", {
      type: "log", autorange: "reversed", tickvals: Object.keys(ticks).map(Number), ticktext: Object.values(ticks),
    }),
    // within a factor of ten there may be no round number
    yaxis: axis("ms", spread > 10 ? logarithmic() : { type: "log" }),
  });
}

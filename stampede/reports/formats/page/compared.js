// Ratios to the reference with their intervals: one row for each strategy below each metric.

const SHOWN = ["lower", "higher"]; // verdicts that say a difference
const ROW_PX = 22;
const FEW_TICKS = 5;
const FINER = [0.0001, 0.001];
const LEAST_SPAN = 1.02; // what is the same for all still has an axis

function roundTicks(low, high) {
  if (high / low > 4) return FINER.concat(narrow() ? TENS : ROUND).filter((each) => each >= low && each <= high);
  const rough = (high - low) / FEW_TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((each) => each >= rough);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, index) => +((first + index) * step).toPrecision(6));
}

// Rows from the top; a metric is followed by half a row of nothing.
function rowsOf(known) {
  let place = 0;
  const rows = [];
  const labels = [];
  for (const metric of new Set(known.map((each) => each.metric))) {
    const first = place;
    for (const each of known.filter((row) => row.metric === metric)) rows.push({ ...each, place: place++ });
    labels.push([(first + place - 1) / 2, metric]);
    place += 0.5;
  }
  return { rows, labels, place };
}

function toldOf(each) {
  const interval = each.low === null ? "" : ` (${+each.low.toPrecision(3)} to ${+each.high.toPrecision(3)})`;
  return `${text(each.strategy)}, ${each.metric}: ${+each.ratio.toPrecision(4)} times${interval}, ${each.verdict}`;
}

function intervalsOf(strategy, rows) {
  const tone = colour(data.names.indexOf(strategy));
  const off = (bound, each) => (each[bound] === null ? 0 : Math.abs(each[bound] - each.ratio));
  return {
    x: rows.map((each) => each.ratio), y: rows.map((each) => each.place), text: rows.map(toldOf), name: text(strategy),
    type: "scatter", mode: "markers", hovertemplate: "%{text}<extra></extra>",
    error_x: { type: "data", symmetric: false, color: tone, thickness: 2, array: rows.map((each) => off("high", each)),
      arrayminus: rows.map((each) => off("low", each)) },
    marker: {
      size: 9, color: rows.map((each) => (SHOWN.includes(each.verdict) ? tone : css("--card"))), line: { color: tone, width: 2 },
      symbol: rows.map((each) => (each.low === null ? "diamond" : "circle")), opacity: 1,
    },
  };
}

function drawCompared() {
  const known = data.comparison.rows.filter((each) => each.ratio > 0 && !hidden.has(each.strategy));
  const { rows, labels, place } = rowsOf(known);
  const bounds = rows.flatMap((each) => [each.low || each.ratio, each.high || each.ratio, 1]);
  const [least, most] = [Math.min(...bounds, 1 / LEAST_SPAN), Math.max(...bounds, LEAST_SPAN)];
  const beside = (most / least) ** 0.04; // room for a whole mark at the edges
  const [low, high] = [least / beside, most * beside];
  const ticks = roundTicks(low, high);
  byId("compared").style.setProperty("height", `${ROW_PX * place + 80}px`);
  draw("compared", [...new Set(rows.map((each) => each.strategy))].map((name) => intervalsOf(name, rows.filter((row) => row.strategy === name))), {
    xaxis: axis(`times ${text(data.comparison.reference)}`, {
      type: "log", tickvals: ticks, ticktext: ticks.map(String), range: [Math.log10(low), Math.log10(high)], zeroline: false,
    }),
    yaxis: axis("", {
      tickvals: labels.map(([at]) => at), ticktext: labels.map(([, metric]) => metric), range: [place - 0.5, -0.7],
      showgrid: false, zeroline: false,
    }),
    shapes: [{ type: "line", xref: "x", yref: "paper", x0: 1, x1: 1, y0: 0, y1: 1, layer: "below", line: { color: css("--muted"), width: 1.5 } }],
  });
}

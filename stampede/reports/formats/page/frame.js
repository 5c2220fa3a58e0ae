"use strict";
// What all plots share: the data, who is shown, colours, the clock, axes, and the marks of events.

const data = JSON.parse(document.getElementById("data").textContent);
const strategies = data.strategies.map((each, index) => ({ ...each, index, tone: data.names.indexOf(each.name) }));
const points = [...new Set(strategies.map((each) => each.point))];
const hidden = new Set(); // names of strategies that are filtered out
const byId = (id) => document.getElementById(id);
const narrow = () => window.innerWidth < 600;

const PALETTE = 8;
const DASHES = ["solid", "dash", "dot", "dashdot"];
const LONG_MS = 2000; // from here on one reads seconds
const TENS = [0.01, 0.1, 1, 10, 100, 1000, 10000, 100000];
const ROUND = TENS.flatMap((power) => [power, 2 * power, 5 * power]);
const WIDE = 30; // a spread that only a logarithmic axis shows

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const colour = (tone) => css(`--s${tone % PALETTE}`);
const dash = (round) => DASHES[round % DASHES.length];
const atPoint = (each) => points.length < 2 || each.point === byId("point").value;
const shown = () => strategies.filter((each) => !hidden.has(each.name) && atPoint(each));
// plotly reads a little HTML in names and hover texts; ours are text
const text = (raw) => String(raw).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const highest = (values) => values.reduce((most, each) => Math.max(most, each), 0); // of too many for arguments
const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
const steps = (timeline) => timeline.map((_, index) => index);

const seconds = highest(strategies.map((each) => each.until_ms)) >= LONG_MS;
const unit = seconds ? "s" : "ms";
const clock = (ms) => (seconds ? ms / 1000 : ms);
const moment = (ms) => (seconds ? `${(ms / 1000).toFixed(3)} s` : `${ms.toFixed(2)} ms`);

const line = (each, more) => ({
  name: text(each.label),
  line: { color: colour(each.tone), width: 2, dash: dash(Math.floor(each.tone / PALETTE)), ...more },
});
const axis = (title, more) => ({
  ...(title && { title: { text: title, standoff: 8 } }), gridcolor: css("--grid"), zerolinecolor: css("--line"),
  linecolor: css("--line"), automargin: true, ...more,
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
const above = () => ({ showlegend: true, legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 } });

function logarithmic() {
  const round = narrow() ? TENS : ROUND;
  return { type: "log", tickvals: round, ticktext: round.map((value) => value.toLocaleString("en")) };
}

function valueAxis(title, values) {
  const known = values.filter((value) => value !== null);
  const wide = known.length && Math.min(...known) > 0 && Math.max(...known) > WIDE * Math.min(...known);
  return axis(title, wide ? logarithmic() : { rangemode: "tozero" });
}

// A line where an event happened, a band as long as it lasted, and its number in the list of events.
function eventMarks() {
  const mark = css("--accent");
  const shapes = data.events.flatMap(({ from_ms: from, to_ms: to }) => {
    const tall = { xref: "x", yref: "paper", y0: 0, y1: 1, layer: "below" };
    const start = { ...tall, type: "line", x0: clock(from), x1: clock(from), line: { color: mark, width: 1.5, dash: "dot" } };
    const band = { ...tall, type: "rect", x0: clock(from), x1: clock(to), line: { width: 0 }, fillcolor: mark, opacity: 0.13 };
    return to > from ? [band, start] : [start];
  });
  const annotations = data.events.map(({ from_ms: from }, index) => ({
    x: clock(from), xref: "x", xanchor: "left", y: 1, yref: "paper", yanchor: "top", showarrow: false, text: String(index + 1),
    font: { color: mark, size: 12 },
  }));
  return { shapes, annotations };
}

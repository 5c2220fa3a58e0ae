// Single requests, all as SVG: what plotly draws with the graphics card would need scripts made at run time, which this
// page's content security policy forbids.

const RARE = 100; // as few are drawn large enough to be found: the one leader among thousands
const ROLE_TONES = { leader: 0, waiter: 2, hit: 3, stale: 1, error: 5, volunteer: 4 };
const LEAST_MS = 0.01; // the resolution of the sample

// Whether all began at once: then the order of their answers shows the waves; what comes over time is seen over time.
function isBurst(sample) {
  const last = Math.max(highest(sample.ended_ms.map((at) => at ?? 0)), 1);
  return sample.started_ms.at(-1) - sample.started_ms[0] < last / 4;
}

function storyOf(sample, row) {
  const [begin, end] = [sample.started_ms[row], sample.ended_ms[row]];
  const story = end === null ? "never answered" : `${data.outcomes[sample.outcome[row]]} after ${(end - begin).toFixed(2)} ms`;
  return `${roleOf(sample, row)} on instance ${sample.instance[row]}: from ${moment(begin)}, ${story}`;
}

const roleOf = (sample, row) => data.roles[sample.role[row]] ?? "unknown";

// Rows by their role, the rare roles last, and so on top.
function byRole(sample, rows) {
  const roles = new Map();
  rows.forEach((row, place) => {
    const role = roleOf(sample, row);
    if (!roles.has(role)) roles.set(role, []);
    roles.get(role).push({ row, place });
  });
  return [...roles].sort((a, b) => b[1].length - a[1].length);
}

function bars(sample, until) {
  const end = (row) => sample.ended_ms[row] ?? Infinity;
  const rows = steps(sample.started_ms).sort((a, b) => end(a) - end(b) || sample.started_ms[a] - sample.started_ms[b]);
  const thick = Math.max(1, Math.min(8, 300 / rows.length));
  return byRole(sample, rows).map(([role, found]) => ({
    name: `${role} (${found.length.toLocaleString("en")})`, type: "scatter", mode: "lines",
    x: found.flatMap(({ row }) => [clock(sample.started_ms[row]), clock(sample.ended_ms[row] ?? until), null]),
    y: found.flatMap(({ place }) => [place, place, null]),
    text: found.flatMap(({ row }) => [storyOf(sample, row), storyOf(sample, row), ""]),
    line: { color: colour(ROLE_TONES[role] ?? 6), width: found.length < RARE ? Math.max(3, thick) : thick },
    hovertemplate: "%{text}<extra></extra>",
  }));
}

function dots(sample, until) {
  const waited = (row) => Math.max(LEAST_MS, (sample.ended_ms[row] ?? until) - sample.started_ms[row]);
  return byRole(sample, steps(sample.started_ms)).map(([role, found]) => ({
    name: `${role} (${found.length.toLocaleString("en")})`, type: "scatter", mode: "markers",
    x: found.map(({ row }) => clock(sample.started_ms[row])), y: found.map(({ row }) => waited(row)),
    text: found.map(({ row }) => storyOf(sample, row)),
    marker: {
      color: colour(ROLE_TONES[role] ?? 6), size: found.length < RARE ? 7 : 4, opacity: found.length < RARE ? 1 : 0.55,
      symbol: found.map(({ row }) => (sample.ended_ms[row] === null ? "x" : "circle")),
    },
    hovertemplate: "%{text}<extra></extra>",
  }));
}

function noteOf(each, sample, burst) {
  const drawn = sample.started_ms.length;
  const some = drawn < sample.of ? ", those in rare roles all of them, of the others evenly spaced ones" : "";
  const how = burst
    ? "A bar goes from the start to the answer; they are in the order of their answers."
    : "A dot stands at the start, as high as the wait was long; a cross never got an answer.";
  return `Trial ${each.sampled}: ${drawn.toLocaleString("en")} of ${count(sample.of, "request")}${some}. ${how}`;
}

function drawRequests() {
  const each = strategies[byId("sampled").value];
  const sample = each?.sample;
  if (!sample) {
    byId("sample-note").textContent = "This run has no single requests.";
    return Plotly.purge(byId("requests"));
  }
  const burst = isBurst(sample);
  byId("sample-note").textContent = noteOf(each, sample, burst);
  const until = Math.max(highest(sample.ended_ms.map((at) => at ?? 0)), highest(sample.started_ms));
  return draw("requests", burst ? bars(sample, until) : dots(sample, until), {
    ...above(), ...eventMarks(),
    xaxis: axis(`${unit} after the release`, { rangemode: "tozero" }),
    yaxis: burst ? axis("requests", { rangemode: "tozero" }) : axis("ms until the answer", { type: "log", dtick: 1 }),
  });
}

// A metric from trial to trial.

function drawSequence() {
  const metric = byId("metric").value;
  const traces = shown().map((each) => ({
    x: each.numbers, y: each.metrics[metric], type: "scatter", mode: "lines+markers", ...line(each),
    marker: { color: colour(each.tone), size: 7, symbol: each.valid.map((valid) => (valid ? "circle" : "x")) },
    hovertemplate: `trial %{x}: %{y:,}<extra>${text(each.label)}</extra>`,
  }));
  draw("sequence", traces, {
    xaxis: axis("trial", { tickformat: "d", ...(Math.max(...strategies.map((s) => s.numbers.length)) < 12 && { dtick: 1 }) }),
    yaxis: valueAxis(data.metrics[metric], shown().flatMap((each) => each.metrics[metric])),
  });
}

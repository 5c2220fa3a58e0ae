"""`stampede run`: fire it, print the table."""

from __future__ import annotations

from stampede.cli import options as opt
from stampede.cli.changes import Changes
from stampede.cli.gathered import gathered
from stampede.cli.panels import examples

EXAMPLES = examples(
    "stampede run --concurrency 500",
    "stampede run -s none -s 'swr(grace=2s)+two-level' --rate 500 --duration 5s",
    "stampede run zipf -e out.html --fail-if 'two-level.failed > 0'",
)


@gathered
def command(
    scenario: opt.ScenarioName = opt.DEFAULT_SCENARIO,
    *,
    strategy: opt.Strategies = None,
    changes: Changes,
    trials: opt.Trials = None,
    seed: opt.Seed = None,
    servers: opt.Servers,
    sweep: opt.Sweep = None,
    plot: opt.Plot = False,
    output: opt.Output,
) -> int:
    """Fire bursts at strategies; show what database and callers saw.

    Options change the scenario; where no default is shown, it is what the scenario says: stampede explain SCENARIO.
    """
    from stampede.engine import local_process

    points = changes.points(scenario, strategy or (), trials, sweep or ())
    local_process.preload()  # before the heavy imports, which take as long as its own

    from stampede.cli import measuring

    return measuring.run(points, servers.chosen(), opt.seed_or_random(seed), output, plot)

"""`stampede run`: fire it, print the table."""

from __future__ import annotations

from stampede.cli import options as opt
from stampede.cli.gathered import gathered


@gathered
def command(
    scenario: opt.ScenarioName = opt.DEFAULT_SCENARIO,
    *,
    strategy: opt.Strategies = None,
    changes: opt.Changes,
    trials: opt.Trials = None,
    seed: opt.Seed = None,
    servers: opt.Servers,
    sweep: opt.Sweep = None,
    plot: opt.Plot = False,
    output: opt.Output,
) -> int:
    """Fire bursts at strategies; show what database and callers saw."""
    from stampede.engine import local_process
    from stampede.scenario import sweep as sweeps

    points = sweeps.points(changes.scenario(scenario, strategy or (), trials), sweep or ())
    local_process.preload()  # before the heavy imports, which take as long as its own

    from stampede.cli import measuring

    return measuring.run(points, servers.chosen(), opt.seed_or_random(seed), output, plot)

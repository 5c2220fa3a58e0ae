"""`stampede compare`: paired trials, ratios to the first strategy, and a verdict."""

from __future__ import annotations

from typing import Annotated

import typer

from stampede.cli import completion
from stampede.cli import options as opt
from stampede.cli.changes import Changes
from stampede.cli.gathered import gathered
from stampede.cli.panels import WHAT, examples, of_firing
from stampede.core.units import Duration, share

Specs = Annotated[
    list[str],
    typer.Argument(
        metavar="SPEC SPEC...",
        help="Strategies; the first is the reference.",
        autocompletion=completion.specs,
        rich_help_panel=WHAT,
    ),
]
Precision = Annotated[
    str,
    of_firing(metavar="SHARE", help="Add trials until all intervals are this narrow (±)."),
]
Budget = Annotated[
    Duration | None,
    of_firing(
        parser=opt.duration,
        metavar="DURATION",
        help="Add none after this time.",
        show_default="what the pairs need that a verdict needs, 1m to 10m",
    ),
]
ExactTrials = Annotated[
    int | None,
    of_firing("-n", "--trials", metavar="N", min=3, help="Exactly so many of each, whatever the precision."),
]

EXAMPLES = examples(
    "stampede compare none two-level",
    "stampede compare single-flight two-level --scenario zipf --budget 2m",
    "stampede compare lease two-level --fail-if 'two-level.latency_p99_ms > 150ms'",
)


@gathered
def command(
    specs: Specs,
    *,
    scenario: opt.ScenarioOption = opt.DEFAULT_SCENARIO,
    precision: Precision = "5%",
    budget: Budget = None,
    changes: Changes,
    trials: ExactTrials = None,
    seed: opt.Seed = None,
    servers: opt.Servers,
    output: opt.Output,
) -> int:
    """Compare strategies with the first of them, in paired trials.

    Options change the scenario; where no default is shown, it is what the scenario says: stampede explain SCENARIO.
    """
    from stampede.core.errors import UsageError
    from stampede.engine import local_process

    if len(specs) < 2:
        raise UsageError(f"'{specs[0]}' alone cannot be compared: name two strategies or more, the reference first")
    chosen = changes.scenario(scenario, specs, copies=True)
    width = share(precision)
    local_process.preload()  # before the heavy imports, which take as long as its own

    from stampede.cli import measuring
    from stampede.engine.compare import Plan

    plan = Plan(width, budget, trials)
    return measuring.compare(chosen, plan, servers.chosen(), opt.seed_or_random(seed), output)

"""`stampede calibrate`: what this machine can measure validly."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stampede.cli import options as opt
from stampede.cli.panels import examples, of_firing, of_output
from stampede.core.errors import UsageError

Exports = Annotated[
    list[Path] | None,
    of_output("-e", "--export", metavar="FILE", help="Write the calibration as .csv or .json (repeatable)."),
]
Instances = Annotated[
    int | None,
    of_firing("-i", "--instances", metavar="N", min=1, help="Application processes.", show_default="4"),
]
Trials = Annotated[
    int | None,
    of_firing(
        *("-n", "--trials"),
        metavar="N",
        min=1,
        help="Trials of each size of burst, or check, or in each run.",
        show_default="5, 3 with --theory, 10 with --between-runs",
    ),
]
Theory = Annotated[
    bool, typer.Option("--theory", help="Check the fake-slow database against queueing theory instead.")
]

BetweenRuns = Annotated[
    bool,
    typer.Option("--between-runs", help="Measure how far identical runs differ instead, for diff --calibration."),
]
Runs = Annotated[
    int | None, typer.Option(metavar="N", min=3, help="So many runs, with --between-runs.", show_default="6")
]

EXAMPLES = examples(
    "stampede calibrate",
    "stampede calibrate --theory",
    "stampede calibrate --between-runs --export calibration.json",
)


def command(
    theory: Theory = False,
    between_runs: BetweenRuns = False,
    runs: Runs = None,
    instances: Instances = None,
    trials: Trials = None,
    seed: opt.Seed = None,
    redis: opt.Redis = None,
    may_evict: opt.MayEvict = False,
    redis_server: opt.RedisServer = None,
    export: Exports = None,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
) -> int:
    """Find out what this machine can measure validly."""
    output = opt.Output(export=export, json=json, quiet=quiet)
    if theory and between_runs:
        raise UsageError("--theory and --between-runs measure different things: give one of them")
    if runs is not None and not between_runs:
        raise UsageError("--runs says how many runs --between-runs repeats: give --between-runs, too")
    servers = opt.Servers(redis=redis, may_evict=may_evict, redis_server=redis_server)
    if between_runs:
        from stampede.cli import measuring

        return measuring.between_runs(
            runs or 6, instances or 4, trials or 10, servers.chosen(), opt.seed_or_random(seed), output
        )
    if theory:
        return _check_theory(instances, trials, redis_server, opt.seed_or_random(seed), output)
    from stampede.engine import local_process

    local_process.preload()  # before the heavy imports, which take as long as its own

    from stampede.cli import measuring

    return measuring.calibrate(instances or 4, trials or 5, servers.chosen(), opt.seed_or_random(seed), output)


def _check_theory(
    instances: int | None, trials: int | None, redis_server: str | None, seed: int, output: opt.Output
) -> int:
    if instances is not None or redis_server is not None:
        raise UsageError("--theory has no instances and no Redis: leave out --instances and --redis-server")
    from stampede.cli import measuring

    return measuring.check_theory(trials or 3, seed, output)

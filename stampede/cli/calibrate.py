"""`stampede calibrate`: what this machine can measure validly."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stampede.cli import options as opt

Exports = Annotated[
    list[Path] | None,
    typer.Option("-e", "--export", metavar="FILE", help="Write the calibration as .csv or .json (repeatable)."),
]


def command(
    instances: opt.Instances = None,
    trials: opt.Trials = None,
    seed: opt.Seed = None,
    redis: opt.Redis = None,
    redis_server: opt.RedisServer = None,
    export: Exports = None,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
) -> int:
    """Find out what this machine can measure validly."""
    from stampede.engine import local_process

    local_process.preload()  # before the heavy imports, which take as long as its own

    from stampede.cli import measuring

    servers = opt.Servers(redis=redis, redis_server=redis_server).chosen()
    output = opt.Output(export=export, json=json, quiet=quiet)
    return measuring.calibrate(instances or 4, trials or 5, servers, opt.seed_or_random(seed), output)

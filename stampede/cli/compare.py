"""`stampede compare`: paired trials, ratios to the first strategy, and a verdict."""

from __future__ import annotations

from typing import Annotated

import typer

from stampede.cli import completion
from stampede.cli import options as opt
from stampede.core.units import Duration, share


def command(
    specs: Annotated[
        list[str],
        typer.Argument(
            metavar="SPEC SPEC...",
            help="Strategies; the first is the reference.",
            autocompletion=completion.specs,
        ),
    ],
    scenario: Annotated[
        str,
        typer.Option(
            metavar="SCENARIO",
            help="A shipped scenario's name, or a .toml file.",
            autocompletion=completion.scenarios,
        ),
    ] = "cold-burst",
    precision: Annotated[
        str, typer.Option(metavar="SHARE", help="Add trials until all intervals are this narrow (±).")
    ] = "5%",
    budget: Annotated[
        Duration, typer.Option(parser=opt.duration, metavar="DURATION", help="Add none after this time.")
    ] = Duration(60.0),
    concurrency: opt.Concurrency = None,
    instances: opt.Instances = None,
    db_latency: opt.DbLatency = None,
    db_connections: opt.DbConnections = None,
    ttl: opt.Ttl = None,
    trials: Annotated[
        int | None,
        typer.Option("-n", "--trials", metavar="N", min=3, help="Exactly so many of each, whatever the precision."),
    ] = None,
    seed: opt.Seed = None,
    redis: opt.Redis = None,
    redis_server: opt.RedisServer = None,
    redis_pool: opt.RedisPool = None,
    database: opt.Database = None,
    query: opt.Query = None,
    export: opt.Exports = None,
    requests: opt.RequestsFile = None,
    fail_if: opt.FailIf = None,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
) -> int:
    """Compare strategies with the first of them, in paired trials, and say what differs."""
    from stampede.core.errors import UsageError
    from stampede.engine import fleet

    if len(specs) < 2:
        raise UsageError(f"'{specs[0]}' alone cannot be compared: name two strategies or more, the reference first")
    chosen = opt.scenario(scenario, specs, None, concurrency, instances, db_latency, db_connections, ttl, copies=True)
    width = share(precision)
    fleet.preload()  # before the heavy imports, which take as long as its own

    from stampede.cli import session
    from stampede.engine.compare import Plan

    return session.compare(
        chosen,
        session.servers(redis, redis_server, redis_pool, database, query),
        opt.seed_or_random(seed),
        session.Output(tuple(export or ()), requests, json, quiet),
        fail_if or (),
        Plan(width, budget, trials),
    )

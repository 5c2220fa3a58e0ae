"""`stampede run`: fire it, print the table."""

from __future__ import annotations

from typing import Annotated

import typer

from stampede.cli import completion
from stampede.cli import options as opt


def command(
    scenario: Annotated[
        str,
        typer.Argument(help="A shipped scenario's name, or a .toml file.", autocompletion=completion.scenarios),
    ] = "cold-burst",
    strategy: opt.Strategies = None,
    concurrency: opt.Concurrency = None,
    instances: opt.Instances = None,
    db_latency: opt.DbLatency = None,
    db_connections: opt.DbConnections = None,
    ttl: opt.Ttl = None,
    trials: opt.Trials = None,
    seed: opt.Seed = None,
    redis: opt.Redis = None,
    redis_server: opt.RedisServer = None,
    redis_pool: opt.RedisPool = None,
    database: opt.Database = None,
    query: opt.Query = None,
    export: opt.Exports = None,
    requests: opt.RequestsFile = None,
    fail_if: opt.FailIf = None,
    sweep: opt.Sweep = None,
    plot: opt.Plot = False,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
) -> int:
    """Fire bursts at strategies and show what the database saw and what the callers felt."""
    from stampede.engine import fleet
    from stampede.scenario import sweep as sweeps

    chosen = opt.scenario(scenario, strategy, trials, concurrency, instances, db_latency, db_connections, ttl)
    points = sweeps.points(chosen, sweep or ())
    fleet.preload()  # before the heavy imports, which take as long as its own

    from stampede.cli import session

    return session.run(
        points,
        session.servers(redis, redis_server, redis_pool, database, query),
        opt.seed_or_random(seed),
        session.Output(tuple(export or ()), requests, json, quiet, plot),
        fail_if or (),
    )

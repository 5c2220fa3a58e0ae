"""`stampede run`: fire it, print the table."""

from __future__ import annotations

from typing import Annotated

import typer

from stampede.cli import options as opt


def command(
    scenario: Annotated[str, typer.Argument(help="A shipped scenario's name, or a .toml file.")] = "cold-burst",
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
    plot: opt.Plot = False,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
) -> int:
    """Fire bursts at strategies and show what the database saw and what the callers felt."""
    from stampede.core import scenario as scenarios
    from stampede.core.latency import Latency
    from stampede.core.strategy import Strategy
    from stampede.engine import fleet

    chosen = opt.override(
        scenarios.load(scenario),
        {
            ("strategies",): tuple(str(Strategy.parse(spec)) for spec in strategy) if strategy else None,
            ("trials",): trials,
            ("workload", "concurrency"): concurrency,
            ("fleet", "instances"): instances,
            ("database", "latency"): Latency.parse(db_latency) if db_latency else None,
            ("database", "connections"): db_connections,
            ("cache", "ttl"): ttl,
        },
    )
    scenarios.check(chosen)
    fleet.preload()  # before the heavy imports, which take as long as its own

    from stampede.cli import session

    return session.run(
        chosen,
        session.servers(redis, redis_server, redis_pool, database, query),
        opt.seed_or_random(seed),
        session.Output(tuple(export or ()), requests, json, quiet, plot),
    )

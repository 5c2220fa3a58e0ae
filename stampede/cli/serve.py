"""`stampede serve`: the example service."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from stampede.cli import completion
from stampede.cli import options as opt
from stampede.cli.panels import examples
from stampede.core.units import Duration

Strategy = Annotated[
    str,
    typer.Option(
        *("-s", "--strategy"),
        metavar="SPEC",
        help="What protects the database; none shows the stampede.",
        autocompletion=completion.specs,
    ),
]
Workers = Annotated[int, typer.Option(metavar="N", min=1, help="Processes that answer; one that dies is replaced.")]
Port = Annotated[int, typer.Option(metavar="N", min=0, max=65535, help="Where to listen; 0: any port that is free.")]
Host = Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen; 0.0.0.0: everywhere.")]

EXAMPLES = examples(
    "stampede serve",
    "stampede serve --strategy none --workers 4 --port 0",
    "stampede serve -s 'xfetch+two-level+negative' --ttl 30s --db-latency 300ms",
)


def command(
    strategy: Strategy = "swr(grace=5s)+two-level+fail-safe",
    workers: Workers = 2,
    port: Port = 8080,
    host: Host = "127.0.0.1",
    db_latency: Annotated[str, opt.DB_LATENCY] = "100ms",
    db_connections: Annotated[int, opt.DB_CONNECTIONS] = 20,
    ttl: Annotated[Duration, opt.TTL] = Duration(10.0),
    redis: opt.Redis = None,
    redis_server: opt.RedisServer = None,
) -> int:
    """Serve a slow database over HTTP: the library's example.

    GET /tracks, /tracks/17, /health, /metrics; DELETE /tracks/17/cache. Read stampede/service/app.py with it.
    """
    opt.require_one_redis(redis, redis_server)
    import asyncio

    from stampede.protection import strategy as strategies
    from stampede.scenario import overrides
    from stampede.service import supervisor
    from stampede.service.setup import ServiceSetup

    setup = ServiceSetup(
        host=host,
        port=port,
        workers=workers,
        strategy=str(strategies.Strategy.parse(strategy)),
        ttl=ttl,
        latency=overrides.parse("db-latency", "--db-latency", db_latency),
        connections=db_connections,
        redis=redis or None,
        redis_server=redis_server,
    )
    return asyncio.run(supervisor.serve(setup, _say))


def _say(line: str) -> None:
    try:
        print(f"stampede: {line}", file=sys.stderr, flush=True)
    except OSError:  # whoever read it has gone, which is no reason to go, too
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())

"""`stampede clean`: remove what a dead run left."""

from __future__ import annotations

from typing import Annotated

import typer

from stampede.cli.panels import examples

EXAMPLES = examples(
    "stampede clean --redis redis://localhost:6379",
)


def command(
    redis: Annotated[
        str | None,
        typer.Option("--redis", metavar="URL", envvar="STAMPEDE_REDIS_URL", help="The Redis that the run was on."),
    ] = None,
) -> int:
    """Remove from your Redis what killed runs have left there."""
    from stampede.core.errors import OK, UsageError

    if not redis:
        raise UsageError("name the Redis that is to be cleaned: --redis redis://HOST:PORT, or STAMPEDE_REDIS_URL")
    import asyncio

    from stampede.stores.redis.cleaning import clean

    leftovers = asyncio.run(clean(redis))
    for prefix, keys, alive in leftovers:
        done = "belong to a run that lives, or did within the last 20 s: left alone" if alive else "removed"
        typer.echo(f"{prefix} {keys:,} keys {done}")
    if not leftovers:
        typer.echo("no run has left anything there")
    return OK

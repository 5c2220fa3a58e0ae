"""What is served and how, and what the supervisor and its workers tell each other."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from stampede.core.errors import OK
from stampede.core.units import Duration
from stampede.origins.latency import Latency

BACKLOG = 1024
"""Connections that wait to be accepted."""

FINISH_S = 10.0
"""How long requests that are under way may take when the service ends."""


@dataclass(frozen=True)
class ServiceSetup:
    """What the user wants. `redis` None: an embedded one, of the binary `redis_server` if that is named."""

    host: str
    port: int
    workers: int
    strategy: str
    ttl: Duration
    latency: Latency
    connections: int
    redis: str | None = None
    redis_server: str | None = None


class Told(msgspec.Struct):
    """What a worker is told. `listening` and `tally` are open files that it has inherited.

    `insist`: without Redis it is not to start, as at first; it may when it takes a dead one's place.
    """

    listening: int
    tally: int
    rows: int
    row: int
    redis: str
    strategy: str
    ttl: float
    database: str
    insist: bool = True


class Said(msgspec.Struct):
    """What a worker says when it serves, or why it does not."""

    error: str | None = None
    code: int = OK

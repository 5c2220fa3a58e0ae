"""How one step of the store gets to Redis: under which names, for how long, as a command or as a script."""

from __future__ import annotations

import math
from collections.abc import Awaitable
from typing import Any

from stampede.core.ports import Sent, unheeded
from stampede.stores.redis.codec import guard_name, milliseconds, value_name, waiting_name
from stampede.stores.redis.connections import Argument
from stampede.stores.redis.scripts import Scripts
from stampede.stores.redis.wire import Wire


class Steps:
    """What all steps of a store share; every name in Redis begins with `prefix`.

    Braces in the prefix keep a key and its guard on one node of a cluster.

    Nothing lives longer than `longest`, in seconds.
    """

    def __init__(self, wire: Wire, prefix: str) -> None:
        self._wire = wire
        self._scripts = Scripts(wire)
        self._prefix = prefix
        self.longest = math.inf

    @property
    def commands(self) -> int:
        """Commands sent so far; a script counts as one."""
        return self._wire.commands

    def _milliseconds(self, seconds: float) -> int:
        return milliseconds(min(seconds, self.longest))

    def _guard(self, key: str) -> str:
        return guard_name(self._prefix, key)

    def _value(self, key: str) -> str:
        return value_name(self._prefix, key)

    def _waiting(self, key: str) -> str:
        return waiting_name(self._prefix, key)

    def _names(self, key: str) -> list[str]:
        return [self._value(key), self._guard(key), self._waiting(key)]

    def _guard_first(self, key: str) -> list[str]:
        return [self._guard(key), self._value(key), self._waiting(key)]

    def _send(self, *command: Argument) -> Awaitable[Any]:
        return self._wire.send(*command)

    def _run(self, script: str, keys: list[str], *arguments: Argument, sent: Sent = unheeded) -> Awaitable[Any]:
        return self._scripts.run(script, keys, *arguments, sent=sent)

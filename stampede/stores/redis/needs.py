"""What a run does on a server, as the commands to try and the ACL rules that allow them.

None of them changes anything: what there is to write is written to a key that must exist, and does not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from typing import NamedTuple

from stampede.core.ports import Changes, Guards
from stampede.stores.redis.connections import Command
from stampede.stores.redis.tracking import INVALIDATIONS

_SCRIPT = "return 1"
"""It needs no rule of its own."""


class Need(NamedTuple):
    """A command, and the rule that lets a user run it."""

    rule: str
    command: Command


def family(prefix: str) -> str:
    """The pattern of all runs' names: each run has a number of its own, in braces."""
    return prefix.partition("{")[0] + "*"


def commands(prefix: str, needs: Collection[type]) -> Iterator[Need]:
    """What a run needs whose strategies need these capabilities of the store."""
    key, channel = prefix + "probe", prefix + "fills"
    # Every run: values, the scripts and messages of every store, and the cleaning.
    yield Need("+get", ("GET", key))
    yield Need("+set", ("SET", key, b"", "XX", "PX", 1))
    yield Need("+del", ("DEL", key))
    yield Need("+unlink", ("UNLINK", key))
    yield Need("+exists", ("EXISTS", key))
    yield Need("+scan", ("SCAN", "0", "MATCH", key, "COUNT", 1))
    yield Need("+script|load", ("SCRIPT", "LOAD", _SCRIPT))
    yield Need("+evalsha", ("EVALSHA", hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest(), 1, key))
    yield Need("+publish", ("PUBLISH", channel, b""))
    if Guards in needs:
        yield Need("+mget", ("MGET", key, key))
        yield Need("+getrange", ("GETRANGE", key, 0, 0))
        yield Need("+pexpire", ("PEXPIRE", key, 1))
        yield Need("+pttl", ("PTTL", key))
    if Changes in needs:
        yield Need("+client|id", ("CLIENT", "ID"))
        yield Need("+client|tracking", ("CLIENT", "TRACKING", "OFF"))


def channels(prefix: str, needs: Collection[type]) -> Iterator[tuple[str, str]]:
    """The channels that such a run listens to, each with the rule that lets a user do so."""
    yield prefix + "fills", f"&{family(prefix)}"
    if Changes in needs:
        yield INVALIDATIONS, f"&{INVALIDATIONS}"

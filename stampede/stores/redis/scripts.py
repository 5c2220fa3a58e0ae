"""The steps that are Lua, beside this file in `lua/`: each is atomic, and one round trip."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Any

from redis.exceptions import NoScriptError

from stampede.core.errors import StoreError
from stampede.core.ports import Sent, unheeded
from stampede.stores.redis.wire import Argument, Wire

SCRIPTS = {
    name: files("stampede.stores.redis").joinpath("lua", f"{name}.lua").read_text(encoding="utf-8")
    for name in ("add", "claim", "delete", "fill", "lease", "put_under", "release", "renew", "swap")
}
_SHA = {name: hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest() for name, text in SCRIPTS.items()}


async def load(wire: Wire) -> None:
    """Have the server know all of them. Raises StoreError."""
    for text in SCRIPTS.values():
        await wire.send("SCRIPT LOAD", text)


async def run(wire: Wire, script: str, keys: list[str], *arguments: Argument, sent: Sent = unheeded) -> Any:
    """Run one. Raises StoreError."""
    first = script == "renew"  # else a holder could lose what it holds to its own queue
    command: tuple[Argument, ...] = ("EVALSHA", _SHA[script], len(keys), *keys, *arguments)
    try:
        return await wire.send(*command, sent=sent, first=first)
    except NoScriptError:  # the server was restarted, or somebody flushed its scripts
        await load(wire)
        return await wire.send(*command)


async def knows_ifeq(wire: Wire, prefix: str) -> bool:
    """Valkey does from 8.1 on, Redis from 8.4; others call it a syntax error. Raises StoreError."""
    try:
        await wire.send("SET", prefix + "probe", b"", "IFEQ", b"nothing", "PX", 1)
    except StoreError as error:
        if "syntax" in str(error).lower():
            return False
        raise
    return True

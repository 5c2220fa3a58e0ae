"""The steps that are Lua, beside this file in `lua/`: each is atomic, and one round trip."""

from __future__ import annotations

import asyncio
import hashlib
from importlib.resources import files
from typing import Any

from redis.exceptions import NoScriptError

from stampede.core.errors import StoreError
from stampede.core.ports import Sent, unheeded
from stampede.core.tasks import Flights, Tasks
from stampede.stores.redis.connections import Argument
from stampede.stores.redis.wire import Wire


def _text(name: str) -> str:
    return files("stampede.stores.redis").joinpath("lua", f"{name}.lua").read_text(encoding="utf-8")


SCRIPTS = {
    name: _text("common") + _text(name)
    for name in ("add", "claim", "delete", "fill", "lease", "put_under", "release", "renew", "swap")
}
_SHA = {name: hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest() for name, text in SCRIPTS.items()}


class Scripts:
    """The scripts as one process uses them over a wire."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._reloads: Flights[None] = Flights(Tasks())

    async def load(self) -> None:
        """Have the server know all of them. Raises StoreError."""
        await asyncio.gather(*(self._wire.send("SCRIPT LOAD", text) for text in SCRIPTS.values()))

    async def run(self, script: str, keys: list[str], *arguments: Argument, sent: Sent = unheeded) -> Any:
        """Run one. Raises StoreError."""
        first = script == "renew"  # else a holder could lose what it holds to its own queue
        command: tuple[Argument, ...] = ("EVALSHA", _SHA[script], len(keys), *keys, *arguments)
        try:
            return await self._wire.send(*command, sent=sent, first=first)
        except NoScriptError:  # the server was restarted, or somebody flushed its scripts
            await self._reload()
        try:
            return await self._wire.send(*command, sent=sent, first=first)
        except NoScriptError:
            raise StoreError("Redis: somebody keeps flushing the server's scripts") from None

    async def _reload(self) -> None:
        """Load them again, once for all who miss them at the same time. Raises StoreError."""
        reload = self._reloads.current("") or self._reloads.start("", lambda key, boarding: self.load())
        await reload.join()

"""A circuit breaker: who has not answered for a while is not asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from stampede.core.errors import StoreGone


class Breaker:
    """Closed, all may ask. Open, nobody may, for `rest` seconds; then one asks for all, and the answer decides.

    It opens, and calls `opened`, when there was no answer for `patience` seconds after the first failure: one mishap
    is none of its business. Source: Nygard, "Release It!", Circuit Breaker.
    """

    def __init__(self, patience: float, rest: float, opened: Callable[[], None]) -> None:
        self._patience = patience
        self._rest = rest
        self._opened = opened
        self._failing_since: float | None = None
        self._open_until: float | None = None
        self._trying = False

    @property
    def open(self) -> bool:
        """Whether nobody may ask, but for who tries."""
        return self._open_until is not None

    def enter(self) -> bool:
        """Somebody wants to ask; whether it is the one who tries for all. Raises StoreGone: nobody may."""
        if self._open_until is None:
            return False
        if self._trying or asyncio.get_running_loop().time() < self._open_until:
            raise StoreGone("the store has not answered for a while, and is not asked")
        self._trying = True
        return True

    def answered(self) -> None:
        """There was an answer, whatever it was."""
        self._failing_since = self._open_until = None
        self._trying = False

    def undecided(self) -> None:
        """Who tries does not wait for the answer any more."""
        self._trying = False

    def failed(self) -> None:
        """There was no answer."""
        now = asyncio.get_running_loop().time()
        self._trying = False
        if self._failing_since is None:
            self._failing_since = now
        if self.open:
            self._open_until = now + self._rest
        elif now - self._failing_since >= self._patience:
            self._open_until = now + self._rest
            self._opened()

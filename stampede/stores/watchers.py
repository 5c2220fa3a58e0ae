"""Who waits for news of which key: one future per key, shared by all waiters of an instance; and who hears all."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from weakref import WeakValueDictionary

from stampede.core.model import Filled


class Watchers:
    """Futures by key, held weakly: when nobody waits any more, nothing is left behind."""

    def __init__(self) -> None:
        self._futures: WeakValueDictionary[str, asyncio.Future[Filled]] = WeakValueDictionary()
        self._on_invalidated: list[Callable[[str | None], None]] = []
        self._on_changed: list[Callable[[str | None], None]] = []

    def watch(self, key: str) -> asyncio.Future[Filled]:
        """The future of the key's next news."""
        future = self._futures.get(key)
        if future is None:
            future = asyncio.get_running_loop().create_future()
            self._futures[key] = future
        return future

    def watched(self, key: str) -> bool:
        """Whether anybody waits for the key's news."""
        return key in self._futures

    @property
    def hears_invalidations(self) -> bool:
        """Whether anybody wants to be told of deleted keys."""
        return bool(self._on_invalidated)

    def notify(self, key: str, news: Filled) -> None:
        """Wake all waiters of the key."""
        future = self._futures.pop(key, None)
        if future is not None and not future.done():
            future.set_result(news)

    def on_invalidated(self, callback: Callable[[str | None], None]) -> None:
        """Have the callback called for every key whose deletion is told, and with None when news may be missed."""
        self._on_invalidated.append(callback)

    def on_changed(self, callback: Callable[[str | None], None]) -> None:
        """Have the callback called for every key that changes, and with None when changes may have been missed."""
        self._on_changed.append(callback)

    def invalidated(self, key: str) -> None:
        """The key was deleted: its waiters ask again."""
        for callback in self._on_invalidated:
            callback(key)
        self.notify(key, Filled(None, None))

    def missed(self) -> None:
        """News may have been missed, of all keys: everybody looks again."""
        for callback in self._on_invalidated:
            with contextlib.suppress(Exception):  # one that cannot bear it keeps nobody from looking again
                callback(None)
        self.look_again()

    def look_again(self) -> None:
        """Wake all waiters of all keys, with no news."""
        for key in list(self._futures):
            self.notify(key, Filled(None, None))

    def changed(self, key: str | None) -> None:
        """The key changed in the store."""
        for callback in self._on_changed:
            callback(key)

    def forget(self) -> None:
        """Forget all callbacks: those who wanted them are gone."""
        self._on_invalidated.clear()
        self._on_changed.clear()

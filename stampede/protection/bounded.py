"""A store that is given up when it says nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import TypeVar

from stampede.core.errors import StoreError, StoreGone
from stampede.core.model import Entry, Filled, LeaseAnswer, Look, Notify
from stampede.core.ports import ANY_NOTE, Sent, Store, unheeded
from stampede.core.tasks import Tasks
from stampede.protection.breaker import Breaker

T = TypeVar("T")

GRACE_S = 0.01
"""What has arrived while the event loop was busy is heard within this time, or `TURNS` if they take longer."""

TURNS = 6
"""An answer goes through several hands, each of which has to wait for the event loop's next turn."""

NO_KEY = ""
"""What is read only to see whether there is an answer."""


class BoundedStore:
    """The contract of `stampede.core.ports.Store` over a store that is given up when it is silent for too long.

    Only silence counts, in seconds since the last answer to anybody: a caller's own queue is not the store's fault.
    What was given up may still be done. While the breaker is open steps fail at once; only invalidations are tried.
    """

    def __init__(self, store: Store, silence: float, breaker: Breaker, tasks: Tasks) -> None:
        self._store = store
        self._silence = silence
        self._breaker = breaker
        self._tasks = tasks
        self._loop = asyncio.get_running_loop()
        self._asking: set[asyncio.Timeout] = set()
        self._heard_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._listening = 0
        self._pulse: asyncio.Task[None] | None = None

    async def _ask(self, step: Callable[[], Awaitable[T]]) -> T:
        tries = self._breaker.enter()
        return await self._answer(step(), tries)

    async def _answer(self, step: Awaitable[T], tries: bool = False) -> T:
        """What the store answers; the breaker learns how that went. Raises StoreGone: it is silent."""
        try:
            async with asyncio.timeout(None) as limit:
                self._begin(limit)
                try:
                    answer = await step
                finally:
                    self._asking.discard(limit)
        except TimeoutError:
            self._breaker.failed()
            raise StoreGone(f"the store has said nothing for {self._silence * 1000:g} ms") from None
        except StoreGone:
            self._breaker.failed()
            raise
        except StoreError:  # an answer, too
            self._heard()
            raise
        except BaseException:
            if tries:
                self._breaker.undecided()
            raise
        self._heard()
        return answer

    def _heard(self) -> None:
        self._heard_at = self._loop.time()
        self._breaker.answered()

    def _begin(self, limit: asyncio.Timeout) -> None:
        if not self._asking:
            self._heard_at = self._loop.time()
        self._asking.add(limit)
        if self._timer is None:
            self._timer = self._at(self._heard_at + self._silence, self._due)

    def _at(self, moment: float, step: Callable[..., None], *arguments: object) -> asyncio.TimerHandle:
        """A timer that keeps nothing of the request that happens to set it."""
        return self._loop.call_at(moment, step, *arguments, context=Context())

    def _due(self) -> None:
        self._timer = None
        if not self._asking:
            return
        due = self._heard_at + self._silence
        if self._loop.time() < due:
            self._timer = self._at(due, self._due)
        else:
            self._wait_and_see(self._heard_at, TURNS)

    def _wait_and_see(self, heard_at: float, turns: int) -> None:
        self._timer = None
        now = self._loop.time()
        if heard_at == self._heard_at and turns:
            self._timer = self._at(now + GRACE_S / (TURNS + 1), self._wait_and_see, heard_at, turns - 1)
        elif heard_at == self._heard_at:
            self._heard_at = now
            for limit in self._asking:
                limit.reschedule(now)
        elif self._asking:
            self._due()

    # -- values ------------------------------------------------------------------------------------------------

    async def get(self, key: str, sent: Sent = unheeded) -> Entry | None:
        return await self._ask(lambda: self._store.get(key, sent))

    async def put(self, key: str, entry: Entry, ttl: float) -> None:
        await self._ask(lambda: self._store.put(key, entry, ttl))

    async def delete(self, key: str) -> None:
        await self._answer(self._store.delete(key))

    # -- guards ------------------------------------------------------------------------------------------------

    async def look(self, key: str) -> Look:
        return await self._ask(lambda: self._store.look(key))

    async def add(self, key: str, token: str, ttl: float, over: str = ANY_NOTE) -> str:
        return await self._ask(lambda: self._store.add(key, token, ttl, over))

    async def renew(self, key: str, token: str, ttl: float) -> bool:
        return await self._ask(lambda: self._store.renew(key, token, ttl))

    async def renew_all(self, held: Sequence[tuple[str, str]], ttl: float) -> list[bool]:
        return await self._ask(lambda: self._store.renew_all(held, ttl))

    async def drop(self, key: str, token: str, notify: Notify = Notify.NOTHING) -> bool:
        return await self._ask(lambda: self._store.drop(key, token, notify))

    async def fill(
        self, key: str, token: str, entry: Entry, ttl: float, notify: Notify, sent: Sent = unheeded
    ) -> bool:
        return await self._ask(lambda: self._store.fill(key, token, entry, ttl, notify, sent))

    async def put_under(self, key: str, token: str, entry: Entry, ttl: float, sent: Sent = unheeded) -> bool:
        return await self._ask(lambda: self._store.put_under(key, token, entry, ttl, sent))

    async def fail(self, key: str, token: str, error: str | None, keep: float, notify: Notify) -> bool:
        return await self._ask(lambda: self._store.fail(key, token, error, keep, notify))

    # -- leases and claims -------------------------------------------------------------------------------------

    async def lease(self, key: str, token: str, ttl: float, sent: Sent = unheeded) -> LeaseAnswer:
        return await self._ask(lambda: self._store.lease(key, token, ttl, sent))

    async def claim(self, key: str, token: str, ttl: float) -> Look:
        return await self._ask(lambda: self._store.claim(key, token, ttl))

    async def swap(self, key: str, token: str, entry: Entry, ttl: float) -> bool:
        return await self._ask(lambda: self._store.swap(key, token, entry, ttl))

    async def unclaim(self, key: str, token: str, error: str | None) -> bool:
        return await self._ask(lambda: self._store.unclaim(key, token, error))

    # -- news and changes --------------------------------------------------------------------------------------

    def watch(self, key: str) -> asyncio.Future[Filled]:
        return self._store.watch(key)

    async def listen(self, news: asyncio.Future[Filled], seconds: float) -> None:
        self._listening += 1
        if self._pulse is None:
            self._pulse = self._tasks.spawn(self._feel_the_pulse())
        try:
            await self._store.listen(news, seconds)
        finally:
            self._listening -= 1
            if not self._listening and self._pulse is not None:
                self._pulse.cancel()
                self._pulse = None  # it ends later, and who listens until then must not rely on it

    async def _feel_the_pulse(self) -> None:
        """Who listens asks nothing, and shall not wait for the end of a lease when the store is silent."""
        while self._listening:
            await asyncio.sleep(self._silence / 2)
            try:
                await self.get(NO_KEY)
            except StoreGone:
                self.look_again()
            except StoreError:
                pass

    def look_again(self) -> None:
        self._store.look_again()

    async def tell(self, key: str, news: Filled) -> None:
        await self._ask(lambda: self._store.tell(key, news))

    def on_invalidated(self, callback: Callable[[str | None], None]) -> None:
        self._store.on_invalidated(callback)

    async def track(self, callback: Callable[[str | None], None]) -> None:
        await self._store.track(callback)

    @property
    def tracking(self) -> bool:
        return self._store.tracking

"""A miss grants a lease with a token; a fill needs the token; a delete voids it."""

from __future__ import annotations

from dataclasses import dataclass, field

from stampede.core.model import Answer, Entry, LeaseAnswer, Notify, Role
from stampede.core.ports import Guards, Leases, News, Values
from stampede.core.tasks import Boarding
from stampede.core.units import Duration
from stampede.protection.choices import Coalescing
from stampede.protection.guard import Guard
from stampede.protection.news import hear
from stampede.protection.promise import Promise, Scope


@dataclass
class Lease(Coalescing):
    """A read that misses is followed by one step in Redis that answers with "you load", or with "wait".

    mechanism:  the step that finds no value grants a lease with a token, or names its holder; the holder loads, and
                its fill, fenced by the token, pushes the value to all who wait
    loads:      1 in the fleet per expiry; the lease is renewed while the load runs, by the process's event loop: one
                that is blocked, or behind, for the length of a lease loses it, and another process loads
    waiting:    Δ and one push: no poll, no read after it; every caller asks Redis once, and twice on a miss
    staleness:  as the freshness choice says; a delete voids the lease, so an older value never overwrites it, and a
                push counts only if it is by the holder that the store had named
    on failure: a dead holder is followed within one lease, and so is a lost push; the holder's error is pushed to
                the waiters of all processes, once; a fill without the lease (too late, or the lease was evicted) is
                fenced off, yet its value reaches its caller and those who wait for it; a value that Redis refuses
                is pushed, and where even that is refused, every waiting process loads once
    source:     Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013, section 3.2.1
    """

    promise = Promise(
        Scope.FLEET, 'a read that misses asks for the lease: "you load" or "wait"; the value is pushed', fenced=True
    )
    needs = (Values, Guards, Leases, News)

    lease: Duration = Duration(2.0)
    _guard: Guard = field(init=False)

    def __post_init__(self) -> None:
        self._guard = Guard(self.cache, self.lease, Notify.PUSH)

    async def get(self, key: str) -> Answer:
        answer = await self.read_or_load(key, Boarding())
        if answer.role is not Role.HIT:
            return answer
        return await self.serve(key, answer.entry) or answer

    async def read_or_load(self, key: str, boarding: Boarding) -> Answer:
        """The value as it was found (HIT), loaded here (LEADER), or by another one (WAITER)."""
        # A plain read is all that most requests need, and costs the server half as much as the step for a lease.
        entry = await self.cache.store.get(key, sent=boarding.asking)
        boarding.confirmed()
        if entry is not None and self.cache.usable(entry):
            return Answer(entry, Role.HIT)
        return await self._load_or_wait(key, boarding)

    async def _load_or_wait(self, key: str, boarding: Boarding) -> Answer:
        token, role = self.cache.token(), Role.HIT
        holders: dict[str, int] = {}  # for how many of our callers each one's value is good
        while True:
            # Watch before asking: a fill between the answer and the watch would go unheard.
            news = self.cache.store.watch(key)
            with self._guard.giving_back(key, token):
                asked = await self._ask(key, token, boarding)
            # The value was there, or its holder had not been voided by then: what it pushes is good for us.
            boarding.confirmed()
            if asked.entry is not None:
                return Answer(asked.entry, role)
            if asked.holder == token:
                del news  # else the fill would be sent back to this process
                return await self._guard.lead(key, token, boarding)
            role, holders[asked.holder or ""] = Role.WAITER, boarding.asked
            ended = await hear(self.cache.store, news, holders, asked.remaining)
            if ended is not None and ended.token is not None and (ended.entry is not None or ended.unshared):
                boarding.good_for(holders[ended.token])
                if ended.entry is not None:
                    return Answer(ended.entry, role)
                return await self._guard.alone(key, ended.token, boarding)

    async def _ask(self, key: str, token: str, boarding: Boarding) -> LeaseAnswer:
        """A usable value, or who holds the lease now."""
        asked = await self.cache.store.lease(key, token, self.lease, sent=boarding.asking)
        if asked.entry is None or self.cache.usable(asked.entry):
            return asked
        # It is only kept for when a load fails, and in its presence the lease has to be taken by itself.
        holder = await self.cache.store.add(key, token, self.lease)
        if holder == token and (entry := await self._guard.usable_or_drop(key, token)) is not None:
            return LeaseAnswer(entry, None, 0.0)
        return LeaseAnswer(None, holder, self.lease)

    async def reload(self, key: str, old: Entry) -> Answer | None:
        return await self._guard.reload(key, old)

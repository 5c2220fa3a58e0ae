"""Nobody waits for a store that does not answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stampede.core.ports import News, Store
from stampede.core.units import Duration
from stampede.protection.bounded import BoundedStore
from stampede.protection.breaker import Breaker
from stampede.protection.cache import Cache
from stampede.protection.choices import Wrapper


@dataclass
class StoreInTime(Wrapper):
    """A store that says nothing for `timeout` has failed; one that goes on so is not asked for `breaker`.

    mechanism:  silence ends all steps that wait for an answer; only silence counts, so neither a long queue of one's
                own nor a slow answer among others does. When nothing was heard for another `timeout`, a circuit
                breaker opens: steps fail at once for `breaker`, then one caller tries for all. Who waits for another
                process's load has the store's pulse felt every half `timeout`, and looks again when there is none
    loads:      without an answer as the coalescing choice says of a store that fails: two-level loads once in each
                process, others raise
    waiting:    for a silent store: `timeout`, as for who asks during a load in its own process and has to learn
                whether that one is good for it; up to two and a half of them for who waits for another process; with
                the breaker open: none
    staleness:  as the freshness choice says; invalidations are tried although the breaker is open, and raise if there
                is no answer
    on failure: this is what it is for; it closes by itself with the first answer. What was given up may be done late,
                which its token fences. A pause of the process's own event loop is not taken for the store's
    source:     Nygard, "Release It!" (circuit breaker); FusionCache's soft timeouts and circuit breaker of the second
                level
    """

    rank: ClassVar[int] = 0
    needs = (News,)
    timeout: Duration = Duration(0.1)
    breaker: Duration = Duration(1.0)

    def around_store(self, store: Store, cache: Cache) -> Store:
        def opened() -> None:
            cache.counters.breaker_opened += 1
            store.look_again()

        return BoundedStore(store, self.timeout, Breaker(self.timeout, self.breaker, opened), cache.tasks)

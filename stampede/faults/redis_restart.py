"""Redis is restarted, and comes back empty."""

from __future__ import annotations

from stampede.scenario.fault import Fault, Target


class RedisRestart(Fault):
    """The Redis server is killed and started again at once: it comes back empty.

    mechanism:  every connection breaks; values, guards, scripts and subscriptions are gone. It takes some tens of
                milliseconds, in which connections are refused
    loads:      every key is cold together, as after `flush`; beyond that, loads under way lose their guard, so their
                values reach only who waits for them, and waiters have missed the news and look again
    ends:       at once; whether and when the hit rate comes back is what it shows
    needs:      a Redis that stampede starts
    source:     a crash or an upgrade of a cache without persistence
    """

    troubles_store = True
    own_redis = True
    holds = "the Redis server"

    async def inject(self, target: Target) -> None:
        await target.crash_redis()
        await target.start_redis()

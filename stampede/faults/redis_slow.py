"""Redis becomes slower for a while."""

from __future__ import annotations

from stampede.origins.latency import Latency
from stampede.scenario.fault import Lasting, Target


class RedisSlow(Lasting):
    """Every round trip to Redis takes `latency` longer for `lasting`.

    mechanism:  a proxy in front of the server holds back what it passes on, half of `latency` on the way there and
                half on the way back; the server itself stays as fast as it is. In a scenario with this event the
                proxy is in the path of all trials, and adds about 0.05 ms to each round trip
    loads:      as without it; every look costs a round trip, so those who poll or read twice pay most, and a strategy
                that pushes or keeps values near pays least. Above 2 s commands fail
    ends:       after `lasting`, and when what was held back by then has arrived
    needs:      a Redis that stampede starts
    source:     a cache in another zone, a saturated network, a neighbour
    """

    troubles_store = True
    own_redis = True
    holds = "the way to Redis"
    redis_proxy = True

    latency: Latency

    async def strike(self, target: Target, begins: bool) -> None:
        await target.slow_redis(self.latency if begins else None)

"""Redis is not there for a while."""

from __future__ import annotations

from typing import Literal

from stampede.scenario.fault import Lasting, Target


class RedisOutage(Lasting):
    """The Redis server is not there for `lasting`: it refuses connections, or with `how=hang` it does not answer.

    mechanism:  refused: the server is killed, and a new, empty one starts when `lasting` is over. hang: it is stopped
                (SIGSTOP), connections stay open, commands fail after the client's timeout of 2 s, and it goes on with
                all that it held (SIGCONT)
    loads:      a strategy that needs Redis answers with errors, or goes on without it (`degraded`): then each process
                loads by itself, again and again, for nothing can be kept. Afterwards, when refused, every key is cold
    ends:       after `lasting`
    needs:      a Redis that stampede starts
    source:     a node that is lost (refused); a network partition, swapping, a huge command (hang)
    """

    troubles_store = True
    own_redis = True
    holds = "the Redis server"

    how: Literal["refused", "hang"] = "refused"

    async def strike(self, target: Target, begins: bool) -> None:
        if self.how == "hang":
            await target.freeze_redis(begins)
        elif begins:
            await target.crash_redis()
        else:
            await target.start_redis()

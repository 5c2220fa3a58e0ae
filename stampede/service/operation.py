"""What a service needs beside its resource: errors as JSON, counts, and whether it can answer at all."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import cast

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from redis.asyncio import Redis
from redis.exceptions import RedisError

from stampede.core.errors import LoadError, StampedeError
from stampede.core.text import visible
from stampede.service import exposition
from stampede.service.app import BadRequest, answer, problem
from stampede.service.database import Database
from stampede.service.tally import Row, Tally

PROMPT_S = 1.0
"""Within how long Redis and the database have to answer those who look after the service."""

_log = logging.getLogger("stampede")


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Have every error be one line of JSON."""
    try:
        return await handler(request)
    except BadRequest as error:
        return problem(400, str(error))
    except StampedeError as error:  # neither the database nor the cache has an answer now
        return problem(503, str(error))
    except web.HTTPException as error:  # no such route, or not this method
        allowed = {name: error.headers[name] for name in ("Allow",) if name in error.headers}
        return _with(problem(error.status, error.reason.lower()), allowed)
    except Exception:
        _log.exception(visible(f"{request.method} {request.path}"))
        return problem(500, "an unexpected error: the service's standard error shows it")


def _with(response: web.Response, headers: dict[str, str]) -> web.Response:
    response.headers.update(headers)
    return response


def counted_in(row: Row) -> Middleware:
    """Count requests by route and status, and the time that they take."""

    @web.middleware
    async def counted(request: web.Request, handler: Handler) -> web.StreamResponse:
        begun, status = time.monotonic(), 0
        try:
            response = await handler(request)
            status = response.status
            return response
        finally:
            resource = request.match_info.route.resource
            row.request(resource.canonical if resource else "other", status, time.monotonic() - begun)

    return cast(Middleware, counted)


def closing(leaving: asyncio.Event) -> Middleware:
    """Once we are leaving, tell everybody who is answered to send no more on this connection."""

    @web.middleware
    async def close(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if leaving.is_set():
            response.force_close()
        return response

    return cast(Middleware, close)


class Operation:
    """`/health` and `/metrics`."""

    def __init__(self, database: Database, redis: Redis, tally: Tally, strategy: str) -> None:
        self._database = database
        self._redis = redis
        self._tally = tally
        self._strategy = strategy

    def routes(self) -> list[web.RouteDef]:
        """What is answered, and by whom."""
        return [web.get("/health", self.health), web.get("/metrics", self.metrics)]

    async def health(self, request: web.Request) -> web.Response:
        """503 if the database does not answer. Without Redis it is `degraded`, and answers as the strategy can."""
        try:
            await self._database.seen(PROMPT_S)
        except LoadError as error:
            return answer({"status": "down", "reason": str(error)}, 503)
        try:
            await asyncio.wait_for(self._redis.ping(), PROMPT_S)
        except (RedisError, OSError, TimeoutError):
            return answer({"status": "degraded", "reason": "Redis does not answer"})
        return answer({"status": "ok"})

    async def metrics(self, request: web.Request) -> web.Response:
        """The counters of all workers, and of the database."""
        try:
            seen = await self._database.seen(PROMPT_S)
        except LoadError:
            seen = None
        text = exposition.text(self._tally, seen, self._strategy)
        return web.Response(body=text.encode(), headers={"Content-Type": exposition.CONTENT_TYPE})

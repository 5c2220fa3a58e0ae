"""The example: tracks of a slow database over HTTP, with the library's cache in between.

    GET /tracks?limit=20&offset=0    a page of tracks
    GET /tracks/{id}                 one track, 404 if there is none
    DELETE /tracks/{id}/cache        have the cache forget it, in all workers: 204, and it is loaded again

What it takes to protect the database is in `connect`, and in the two lines that call `cache.get`. Whatever the
strategy, they stay the same; `stampede serve --strategy none` shows what they are good for.
"""

from __future__ import annotations

import re

import msgspec
from aiohttp import web

from stampede import Cache
from stampede.library.metrics import Hook
from stampede.service.database import Database, Track

PAGE, LARGEST_PAGE, LAST = 20, 100, 1_000_000
"""Tracks of a page, if the request does not say, and at most; the last id, or offset, that may be asked for."""


def connect(redis: str, strategy: str, ttl: float, database: Database, *hooks: Hook, required: bool = True) -> Cache:
    """A cache at a Redis, protected by a strategy; it connects when it is opened. Raises UsageError.

    Hooks are told of every event. If Redis is not `required`, the cache does without until it is there. The strategy
    `scheduled` loads before anybody asks: the first page.
    """

    async def first_page() -> object:
        return msgspec.to_builtins(await database.page(PAGE, 0))

    return Cache.connect(
        redis,
        strategy,
        ttl=ttl,
        namespace="stampede-serve",
        hooks=hooks,
        scheduled={page_key(PAGE, 0): first_page} if "scheduled" in strategy else None,
        required=required,
    )


def track_key(number: int) -> str:
    """The name of a track in the cache."""
    return f"track:{number}"


def page_key(limit: int, offset: int) -> str:
    """The name of a page in the cache."""
    return f"tracks:{limit}:{offset}"


class Handlers:
    """The resource and its handlers."""

    def __init__(self, cache: Cache, database: Database) -> None:
        self._cache = cache
        self._database = database

    def routes(self) -> list[web.RouteDef]:
        """What is answered, and by whom."""
        return [
            web.get("/tracks", self.page),
            web.get("/tracks/{id}", self.track),
            web.delete("/tracks/{id}/cache", self.forget),
        ]

    async def track(self, request: web.Request) -> web.Response:
        """One track. That there is none is cached like any value, with `negative` more briefly."""
        number = whole_number("the id", request.match_info["id"], 1, LAST)
        found = await self._cache.get(track_key(number), lambda: self._database.track(number), type=Track | None)
        return problem(404, f"there is no track {number}") if found is None else answer(found)

    async def page(self, request: web.Request) -> web.Response:
        """A page of tracks; behind the last one it is empty."""
        limit = whole_number("limit", request.query.get("limit", str(PAGE)), 1, LARGEST_PAGE)
        offset = whole_number("offset", request.query.get("offset", "0"), 0, LAST)
        found = await self._cache.get(
            page_key(limit, offset), lambda: self._database.page(limit, offset), type=list[Track]
        )
        return answer({"tracks": found, "limit": limit, "offset": offset})

    async def forget(self, request: web.Request) -> web.Response:
        """For whoever has changed a track. The pages that it is on stay as they are until they expire."""
        await self._cache.invalidate(track_key(whole_number("the id", request.match_info["id"], 1, LAST)))
        return web.Response(status=204)


class BadRequest(Exception):
    """What was asked for cannot be meant; `str(error)` says what could be."""


def whole_number(what: str, text: str, least: int, most: int) -> int:
    """The number that a request names. Raises BadRequest."""
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not least <= int(text) <= most:
        raise BadRequest(f"{what} has to be a whole number from {least} to {most}")
    return int(text)


def answer(value: object, status: int = 200) -> web.Response:
    """A value as JSON."""
    return web.Response(status=status, body=msgspec.json.encode(value), content_type="application/json")


def problem(status: int, why: str) -> web.Response:
    """Why there is no value, as a line of JSON."""
    return answer({"error": why}, status)

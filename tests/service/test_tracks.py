"""The resource: tracks and pages of them, what cannot be meant, and what is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from stampede.origins.tracks import COLUMNS, ROWS

Serve = Callable[..., Any]

QUICK = ("--workers", 1, "--db-latency", "5ms")


async def test_a_track_and_a_page_are_rows_of_the_table(serve: Serve) -> None:
    async with serve(*QUICK).client() as client:
        status, track = await client.ask("/tracks/17")
        assert (status, track["TrackId"], tuple(track)) == (200, 17, COLUMNS)
        status, page = await client.ask("/tracks?limit=3&offset=15")
        assert (status, page["limit"], page["offset"]) == (200, 3, 15)
        assert [each["TrackId"] for each in page["tracks"]] == [16, 17, 18]
        assert page["tracks"][1] == track
        assert len((await client.ask("/tracks"))[1]["tracks"]) == 20
        last = await client.ask(f"/tracks?offset={ROWS - 1}")
        assert [each["TrackId"] for each in last[1]["tracks"]] == [ROWS]
        assert (await client.ask(f"/tracks?offset={ROWS}"))[1]["tracks"] == []


async def test_what_is_not_there_or_cannot_be_meant_is_one_line_of_json(serve: Serve) -> None:
    async with serve(*QUICK).client() as client:
        assert await client.ask(f"/tracks/{ROWS + 1}") == (404, {"error": f"there is no track {ROWS + 1}"})
        for path in ("/tracks/x", "/tracks/0", "/tracks/-1", "/tracks/1.5", "/tracks/²", f"/tracks/{10**40}"):
            assert await client.ask(path) == (400, {"error": "the id has to be a whole number from 1 to 1000000"})
        for query in ("limit=0", "limit=101", "limit=", "offset=-1", "offset=x", "offset=1000001"):
            status, said = await client.ask(f"/tracks?{query}")
            assert (status, said["error"].split()[0]) == (400, query.partition("=")[0])
        assert await client.ask("/track") == (404, {"error": "not found"})
        assert await client.ask("/tracks/1", "PUT") == (405, {"error": "method not allowed"})
        assert await client.hits() == 1


@pytest.mark.parametrize(
    "sent", [b"GET /\x1b[31m HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00", b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000]
)
async def test_what_is_no_http_is_refused_and_not_talked_about(serve: Serve, sent: bytes) -> None:
    service = serve(*QUICK)
    reader, writer = await asyncio.open_connection(*service.url.removeprefix("http://").split(":"))
    writer.write(sent + b"\r\n\r\n")
    assert (await reader.readline()).split()[1] == b"400"
    writer.close()
    service.command.terminate()
    ended = service.command.ended()
    assert (ended.code, ended.err) == (0, "")


async def test_a_track_that_was_forgotten_is_loaded_again(serve: Serve) -> None:
    async with serve("--workers", 2, "--db-latency", "5ms").client() as client:
        for hits in (1, 2):
            for _ in range(4):
                assert (await client.ask("/tracks/5"))[0] == 200
            assert await client.hits() == hits
            assert await client.ask("/tracks/5/cache", "DELETE") == (204, None)
        assert await client.ask("/tracks/x/cache", "DELETE") != (204, None)


@pytest.mark.parametrize(("spec", "hits"), [("two-level", 1), ("negative(ttl=50ms)+two-level", 2)])
async def test_that_there_is_none_is_cached_too(
    serve: Serve, until: Callable[..., Any], spec: str, hits: int
) -> None:
    async with serve(*QUICK, "--strategy", spec).client() as client:
        for _ in range(3):
            assert (await client.ask("/tracks/99999"))[0] == 404
        assert await client.hits() >= 1

        async def asked_again() -> bool:
            await client.ask("/tracks/99999")
            return bool(await client.hits() >= hits)

        await until(asked_again)
        if hits == 1:
            assert await client.hits() == 1


async def test_a_schedule_loads_the_first_page_before_anybody_asks(serve: Serve) -> None:
    async with serve(*QUICK, "-s", "scheduled(every=5s)+two-level").client() as client:
        assert await client.hits() == 1
        assert len((await client.ask("/tracks"))[1]["tracks"]) == 20
        assert await client.hits() == 1
        assert (await client.ask("/tracks/3"))[0] == 200

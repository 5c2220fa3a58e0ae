"""Several processes, and machines, over one Redis."""

from __future__ import annotations

import asyncio
import os
import subprocess

import pytest

from stampede import Cache

from ..conftest import need
from .conftest import Loader, Script, said

WORKER = """
import asyncio, sys
from stampede import Cache

url, namespace, spec, ttl = sys.argv[1:]

async def load():
    loads.append(1)
    await asyncio.sleep(0.3)
    return "value"

async def main():
    async with Cache.connect(url, spec, ttl=ttl, namespace=namespace) as cache:
        print("ready", flush=True)
        sys.stdin.readline()
        answers = await asyncio.gather(*(cache.get("k", load) for _ in range(20)))
        assert answers == ["value"] * 20
        print(len(loads), cache.counts.hits, cache.counts.stale)

loads = []
asyncio.run(main())
"""
FAR_S = 1_000_000
"""A machine that has run for so much longer than this one; it is more than any time to live here."""


def figures(worker: subprocess.Popen[str]) -> list[int]:
    """Loads, hits and stale answers of a worker that was let go."""
    return [int(word) for word in said(worker).split()]


def test_processes_share_a_load(redis_url: str, namespace: str, script: Script) -> None:
    workers = [script(WORKER, redis_url, namespace, "two-level", "10s") for _ in range(2)]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    assert sum(figures(worker)[0] for worker in workers) == 1


def elsewhere() -> tuple[str, ...]:
    """Starts a program on another machine, as far as its monotonic clock can tell."""
    unshare = need("unshare")
    as_root = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    return (unshare, *as_root, "--time", "--monotonic", str(FAR_S), "--boottime", str(FAR_S))


@pytest.mark.usefixtures("real_time")
async def test_a_value_of_another_machine_is_judged_rightly(
    redis_url: str, namespace: str, script: Script, load: Loader
) -> None:
    words = (redis_url, namespace, "swr(grace=1h)+two-level", "1h")
    load.value = "value"
    async with Cache.connect(redis_url, "swr(grace=1h)+two-level", ttl="1h", namespace=namespace) as cache:
        await cache.get("k", load)
        there = script(WORKER, *words, before=elsewhere())
        assert figures_of(there) == [0, 20, 0], "what we have written is fresh there"
        await cache.invalidate("k")
        there = script(WORKER, *words[:3], "100ms", before=elsewhere())
        assert figures_of(there)[0] == 1
        await asyncio.sleep(0.15)
        stale = await cache.get("k", load)
        assert (stale, cache.counts.stale) == ("value", 1), "what they have written, which lived for 100 ms, is stale"


def figures_of(worker: subprocess.Popen[str]) -> list[int]:
    """Of a worker that need not wait for others."""
    assert worker.stdout is not None
    assert worker.stdin is not None
    assert worker.stdout.readline() == "ready\n"
    worker.stdin.write("go\n")
    worker.stdin.flush()
    return figures(worker)

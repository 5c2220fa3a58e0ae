"""Does a run leave a user's Redis as it was? `python results/guest.py [--kill]`

A Redis of its own stands for the user's. A run over 20,000 keys at 1,500 requests a second is interrupted at random
moments, 20 times each with SIGINT, SIGTERM and SIGHUP; the server's DEBUG DIGEST must be what it was. With --kill it
is killed with SIGKILL three times, and nothing may be left once the stated time is over.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from redis import Redis

from stampede.engine.deadlines import lifetime
from stampede.processes.redis_server import bundled_binary
from stampede.scenario import reading

SCENARIO = """
strategies = ["{strategy}"]
trials = 3
workload = {{ arrivals = "poisson(rate=1500,duration=8s)", keys = "uniform(n=20000)" }}
cache = {{ ttl = "1h" }}
database = {{ latency = "5ms" }}
"""
STRATEGIES = ("none", "redis-lock", "placeholder", "two-level", "swr+lease+fail-safe", "scheduled(every=59m)")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TIMES = 20
KILLS = 3
UP_TO_S = 12.0
REMOVAL_S = 1.0
"""In which a server has removed what has expired: it looks for that ten times a second."""


@contextmanager
def guest() -> Iterator[tuple[str, Redis]]:
    """A Redis that holds somebody's keys: its URL, and a connection."""
    folder = Path(tempfile.mkdtemp(prefix="guest-", dir="/tmp"))
    socket = folder / "redis.sock"
    words = ["--port", "0", "--save", "", "--unixsocket", str(socket), "--dir", str(folder)]
    command = [str(bundled_binary()), *words, "--enable-debug-command", "yes"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while not socket.exists():
            time.sleep(0.01)
        with Redis.from_url(f"unix://{socket}") as redis:
            for number in range(1000):
                redis.set(f"theirs:{number}", number)
            yield f"unix://{socket}", redis
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(folder)


def digest(redis: Redis) -> object:
    """The server's word on all that it holds."""
    return redis.execute_command("DEBUG", "DIGEST")  # type: ignore[no-untyped-call]


def end(
    url: str, redis: Redis, strategy: str, after_s: float, number: signal.Signals, keys: int = 1
) -> tuple[int, int]:
    """Run, and end it so some time after it has so many keys; returns how many there were, and the exit code."""
    before = redis.dbsize()
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        scenario = Path(folder) / "guest.toml"
        scenario.write_text(SCENARIO.format(strategy=strategy))
        command = [sys.executable, "-P", "-m", "stampede", "run", str(scenario), "--quiet"]
        run = subprocess.Popen(command, env={**os.environ, "STAMPEDE_REDIS_URL": url})
        while redis.dbsize() < before + keys and run.poll() is None:
            time.sleep(0.01)
        time.sleep(after_s)
        held = redis.dbsize() - before
        run.send_signal(number)
        return held, run.wait()


def interrupts(random: Random) -> bool:
    """Whether every interrupt left the server as it was."""
    good = 0
    for number in SIGNALS:
        for each in range(1, TIMES + 1):
            strategy, after_s = random.choice(STRATEGIES), random.uniform(0, UP_TO_S)
            with guest() as (url, redis):
                before = digest(redis)
                held, code = end(url, redis, strategy, after_s, number)
                same = digest(redis) == before
                left = redis.dbsize() - 1000
            good += same
            print(
                f"{number.name} {each:2}: {strategy} after {after_s:.2f} s, at {held:,} keys: exit code {code}, "
                f"{'the same digest' if same else f'ANOTHER digest, {left} keys left'}",
                flush=True,
            )
    print(f"{good} of {TIMES * len(SIGNALS)} interrupts left the server as it was")
    return good == TIMES * len(SIGNALS)


def kills(random: Random) -> bool:
    """Whether nothing was left of killed runs after the stated time."""
    good = 0
    for each in range(1, KILLS + 1):
        strategy, after_s = random.choice(STRATEGIES), random.uniform(0, 4)
        stated_s = lifetime(reading.parse(SCENARIO.format(strategy=strategy), "guest", "guest")) + REMOVAL_S
        with guest() as (url, redis):
            before = digest(redis)
            end(url, redis, strategy, after_s, signal.SIGKILL, keys=1000)
            killed, held = time.monotonic(), redis.dbsize() - 1000
            while (left := redis.dbsize() - 1000) and time.monotonic() < killed + stated_s:
                time.sleep(0.1)
            took_s = time.monotonic() - killed
            same = digest(redis) == before
        good += same
        print(
            f"SIGKILL {each}: {strategy} after {after_s:.2f} s, {held:,} keys left: {left} after {took_s:.1f} s "
            f"({stated_s:.1f} s stated), {'the same digest' if same else 'ANOTHER digest'}",
            flush=True,
        )
    print(f"{good} of {KILLS} killed runs had left nothing after the stated time")
    return good == KILLS


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kill", action="store_true")
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    raise SystemExit(not (kills if given.kill else interrupts)(Random(given.seed)))

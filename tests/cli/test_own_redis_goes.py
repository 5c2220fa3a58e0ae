"""A Redis of the user's own that goes away, or hangs up: what had been measured is kept, and one line says why."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

EVENTFUL = """
strategies = ["two-level"]
trials = 3
workload = { arrivals = "poisson(rate=100,duration=600ms)", keys = "uniform(n=5)" }
database = { latency = "20ms" }
fleet = { instances = 2 }
events = [{ at = "300ms", do = "flush" }]
"""

Start = Callable[..., Any]


class HangsUp(socketserver.ThreadingUnixStreamServer):
    """Stands before a server; once `armed`, it hangs up on whoever next asks for keys to be removed."""

    daemon_threads = True

    def __init__(self, server: Path) -> None:
        self.behind, self.path = server, server.with_name("before.sock")
        self.armed = threading.Event()
        super().__init__(str(self.path), _Between)


class _Between(socketserver.BaseRequestHandler):
    server: HangsUp

    def handle(self) -> None:
        with socket.socket(socket.AF_UNIX) as behind, contextlib.suppress(OSError):
            behind.connect(str(self.server.behind))
            while asking := select.select([self.request, behind], [], [])[0]:
                for source in asking:
                    if not (data := source.recv(65536)):
                        return
                    if source is self.request and b"UNLINK" in data and self.server.armed.is_set():
                        self.server.armed.clear()
                        return
                    (behind if source is self.request else self.request).sendall(data)


@pytest.fixture
def hangs_up(own_redis: Callable[..., Path]) -> Iterator[HangsUp]:
    """A server that hangs up when it is told to."""
    with HangsUp(own_redis()) as before:
        threading.Thread(target=before.serve_forever, daemon=True).start()
        yield before
        before.shutdown()


def test_one_that_hangs_up_as_an_event_happens_leaves_the_trials_before(
    start: Start, hangs_up: HangsUp, tmp_path: Path
) -> None:
    (tmp_path / "eventful.toml").write_text(EVENTFUL)
    run = start("run", "eventful.toml", "--redis", f"unix://{hangs_up.path}", "-e", "out.json")
    run.wait_until((tmp_path / "out.json").exists, "the end of the first trial")
    hangs_up.armed.set()
    ended = run.ended()
    assert ended.code == 3
    assert "unexpected" not in ended.line()
    assert "Redis" in ended.line()
    assert [trial["trial"] for trial in json.loads((tmp_path / "out.json").read_text())["trials"]] == [1]
    assert "two-level: could not be measured: Redis: " in " ".join(ended.out.split())


@pytest.mark.parametrize("between", [False, True], ids=["in a burst", "between bursts"])
def test_one_that_goes_away_leaves_the_trials_before(
    start: Start, own_redis: Callable[..., Path], tmp_path: Path, between: bool
) -> None:
    url = f"unix://{own_redis()}"
    size = ["-c", 40, "-i", 2, "--db-latency", "700ms", "-s", "two-level", "-n", 3]
    run = start("run", *size, "--redis", url, "-e", "out.json")
    run.await_burst(2, url)
    if between:
        run.wait_until(lambda: not run.leases(url), "the lease's end")
    with Redis.from_url(url) as redis:
        redis.shutdown(nosave=True)
    ended = run.ended()
    assert ended.code == 3
    assert f"no usable Redis at {url}" in ended.line()
    document = json.loads((tmp_path / "out.json").read_text())
    assert [trial["trial"] for trial in document["trials"]] == ([1, 2] if between else [1])
    assert document["stopped_by"] in ended.line()

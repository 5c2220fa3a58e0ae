"""A Redis Cluster: refused in one line by every command that takes --redis, whichever of its nodes is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis

COMMANDS = {
    "run": ("run", "-n", 1, "-c", 40, "-i", 2, "-s", "two-level"),
    "compare": ("compare", "none", "two-level", "-c", 40, "-i", 2),
    "calibrate": ("calibrate", "-i", 2, "-n", 1),
    "between runs": ("calibrate", "--between-runs", "--runs", 3, "-n", 5, "-i", 2),
}


def _sizes(cluster: list[int]) -> list[int]:
    sizes = []
    for port in cluster:
        with Redis(port=port) as client:
            sizes.append(client.dbsize())
    return sizes


@pytest.mark.parametrize("command", COMMANDS)
def test_a_cluster_is_refused_by_every_command(said: Callable[..., Any], cluster: list[int], command: str) -> None:
    # Any of the nodes may be named, and the keys of some runs would by chance all be that node's own.
    for port in cluster if command == "run" else cluster[:1]:
        ended = said(*COMMANDS[command], "--redis", f"redis://127.0.0.1:{port}")
        assert ended.code == 3
        assert f"redis://127.0.0.1:{port} is a node of a Redis Cluster" in ended.complaint()
        assert "name a server that is none, or leave the URL out" in ended.err
    assert _sizes(cluster) == [0] * len(cluster)

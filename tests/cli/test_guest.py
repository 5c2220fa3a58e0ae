"""A Redis of the user's own: however a run ends there, it is soon as it was."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from stampede.core.keys import run_prefix

Stampede = Callable[..., Any]

STEADY = """
strategies = ["{strategy}"]
workload = {{ arrivals = "poisson(rate=1000,duration=20s)", keys = "uniform(n=20000)" }}
cache = {{ ttl = "1h" }}
database = {{ latency = "5ms" }}
fleet = {{ instances = 2 }}
"""
LONGEST_S = 30 + 20 + 3 * (20_000 + 20_000) * 0.005 / 20
"""What the README says of this scenario: patience, the workload's length, every request and every key loaded once."""


@pytest.fixture
def guest(own_redis: Callable[..., Path]) -> Iterator[Redis]:
    """A Redis that holds somebody's keys, and tells whether they are what they were."""
    socket = own_redis("--enable-debug-command", "yes")
    with Redis.from_url(f"unix://{socket}") as redis:
        redis.set("marker", "not yours")
        redis.set("stampede:marker", "nor this")
        redis.set("stampede:{marker}:value", "nor this one")
        yield redis


def url(guest: Redis) -> str:
    """The URL under which a run knows it."""
    return f"unix://{guest.connection_pool.connection_kwargs['path']}"


def digest(guest: Redis) -> object:
    """The server's word on all that it holds."""
    return guest.execute_command("DEBUG", "DIGEST")  # type: ignore[no-untyped-call]


def ours(guest: Redis) -> list[bytes]:
    """What a run holds there."""
    return [key for key in guest.scan_iter("stampede:{*", count=1000) if b"marker" not in key]


def holds(guest: Redis, keys: int) -> Callable[[], bool]:
    """Whether a run has written so many: a question that costs nobody anything."""
    before = guest.dbsize()
    return lambda: guest.dbsize() - before > keys


@pytest.mark.parametrize("strategy", ["two-level", "placeholder", "scheduled(every=1h)+redis-lock"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda s: s.name)
def test_an_interrupt_in_the_middle_of_writing_leaves_nothing(
    start: Stampede, guest: Redis, tmp_path: Path, number: signal.Signals, strategy: str
) -> None:
    (tmp_path / "steady.toml").write_text(STEADY.format(strategy=strategy.replace("1h", "59m")))
    before, written = digest(guest), holds(guest, 1000)
    run = start("run", "steady.toml", "--redis", url(guest))
    run.wait_until(written, "a thousand keys", within=90.0)
    run.process.send_signal(number)
    ended = run.ended()
    assert ours(guest) == []
    assert digest(guest) == before
    assert (ended.code, ended.err) == (130, "")


def test_no_key_lives_longer_than_the_trial_may_take(start: Stampede, guest: Redis, tmp_path: Path) -> None:
    (tmp_path / "steady.toml").write_text(STEADY.format(strategy="placeholder(marker=30m)"))
    written = holds(guest, 1000)
    run = start("run", "steady.toml", "--redis", url(guest))
    run.wait_until(written, "a thousand keys", within=90.0)
    run.kill()
    run.ended()
    lives = {key: guest.pttl(key) / 1000 for key in ours(guest)}
    assert max(lives.values()) > LONGEST_S / 2, "the cap, not the strategy, is what is looked at"
    assert all(0 < left <= LONGEST_S or left == -0.002 for left in lives.values())


def test_clean_removes_what_a_dead_run_left_and_leaves_a_living_one_alone(
    start: Stampede, stampede: Stampede, said: Stampede, guest: Redis, tmp_path: Path
) -> None:
    (tmp_path / "steady.toml").write_text(STEADY.format(strategy="two-level"))
    before, dead = digest(guest), run_prefix()
    for number in range(3000):
        guest.set(f"{dead}value:{number}", "left")
    written = holds(guest, 1000)
    run = start("run", "steady.toml", "--redis", url(guest))
    run.wait_until(written, "a thousand keys", within=90.0)
    ended = said("clean", "--redis", url(guest))
    assert (ended.code, ended.err) == (0, "")
    assert f"{dead} 3,000 keys removed\n" in ended.out
    assert "belong to a run that lives" in ended.out
    left = ours(guest)
    assert len(left) > 1000
    assert not [key for key in left if key.startswith(dead.encode())]
    run.interrupt()
    assert run.ended().code == 130
    assert stampede("clean", "--redis", url(guest)).out == "no run has left anything there\n"
    assert digest(guest) == before


@pytest.mark.parametrize("command", [["run", "-n", "1", "-s", "none"], ["clean"]], ids=lambda words: words[0])
def test_clean_says_what_run_says_of_a_server_that_cannot_be_used(
    said: Stampede, own_redis: Callable[..., Path], password: str, command: list[str]
) -> None:
    socket = own_redis("--requirepass", password)
    refused = said(*command, "--redis", f"unix://{socket}")
    assert refused.code == 3
    assert "wants a password, or another one" in refused.complaint()
    gone = said(*command, "--redis", "redis://127.0.0.1:1")
    assert gone.code == 3
    assert "no usable Redis at redis://127.0.0.1:1" in gone.complaint()


@pytest.mark.parametrize(
    "event", ["redis-restart", "redis-outage(lasting=1s)", "redis-slow(latency=20ms,lasting=1s)"]
)
@pytest.mark.parametrize("named", ["--redis", "the environment"])
def test_no_event_strikes_a_redis_of_the_users_own(
    said: Stampede, guest: Redis, tmp_path: Path, event: str, named: str
) -> None:
    """Found out before anything is started."""
    (tmp_path / "mine.toml").write_text(
        "strategies = ['none']\nworkload.arrivals = 'constant(rate=9,duration=3s)'\n"
        f"events = [{{ at = '1s', do = '{event}' }}]\n"
    )
    before = guest.info("stats")["total_connections_received"]
    words, environment = ["--redis", url(guest)], {}
    if named != "--redis":
        words, environment = [], {"STAMPEDE_REDIS_URL": url(guest)}
    refused = said("run", "mine.toml", *words, **environment)
    assert refused.code == 2
    why = f"the event '{event}' is for a Redis that stampede starts, and this one is yours: "
    assert why + "leave --redis and STAMPEDE_REDIS_URL out" in refused.complaint()
    assert guest.info("stats")["total_connections_received"] == before


def test_clean_wants_to_know_what(said: Stampede) -> None:
    ended = said("clean")
    assert (ended.code, ended.complaint().count("--redis")) == (2, 1)


def test_what_may_be_left_is_said_in_one_line(start: Stampede, own_redis: Callable[..., Path]) -> None:
    """The guest takes the right to look for keys away in the middle of a run."""
    socket = own_redis()
    run = start("run", "-n", 1, "-s", "two-level", "--db-latency", "1s", "--redis", f"unix://{socket}")
    run.await_burst(1, f"unix://{socket}")
    with Redis.from_url(f"unix://{socket}") as redis:
        redis.execute_command("ACL", "SETUSER", "default", "-scan")
        run.interrupt()
        ended = run.ended()
        redis.execute_command("ACL", "SETUSER", "default", "+scan")
    assert ended.code == 3
    assert "may be left on" in ended.line()
    assert "'stampede clean --redis URL'" in ended.line()

"""Events on a Redis server that we started: what they do, and that everything is as before when they are over."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest
from redis import Redis

from stampede.engine.bench import Bench, Servers
from stampede.engine.execution import execute
from stampede.engine.own_redis import OwnRedis
from stampede.measure.requests import Requests
from stampede.measure.trial import Trial
from stampede.scenario import reading
from stampede.scenario.model import FleetSetup

STEADY = """
strategies = [{strategies}]
database.latency = "50ms"
cache = {{ ttl = "10s", start = "warm" }}
fleet.instances = 2
workload = {{ arrivals = "constant(rate=200,duration={duration})", keys = "uniform(n=5)" }}
{events}
"""
AFTERWARDS = "strategies = ['{}']\nworkload.concurrency = 40\nfleet.instances = 2\ndatabase.latency = '200ms'"
WITHOUT_REDIS = ["none", "single-flight", "lease", "redis-lock", "redis-lock-notify", "placeholder", "promise-lock"]
"""Who answers with errors while there is no Redis."""

Fired = tuple[Trial, Requests]


@pytest.fixture(params=["valkey", "redis7"])
def binary(request: pytest.FixtureRequest) -> str | None:
    """What is embedded: None is the bundled Valkey."""
    return None if request.param == "valkey" else str(request.getfixturevalue("redis_server"))


def fire(binary: str | None, event: str, strategies: Sequence[str], duration: str = "1200ms") -> list[Fired]:
    """A trial of each strategy with the event, each followed by a burst without it on the same bench."""
    events = f"events = [{{ at = '300ms', do = '{event}' }}]"
    written = ", ".join(f"'{each}'" for each in strategies)
    scenario = reading.parse(STEADY.format(strategies=written, duration=duration, events=events), "mine", "mine.toml")
    fired: list[Fired] = []

    async def work() -> None:
        proxy = "slow" in event
        async with Bench.open(Servers(redis_server=binary), scenario.fleet, with_proxy=proxy) as bench:
            for strategy in scenario.strategies:
                fired.append(await execute(bench, scenario, strategy, 1, 1))
                after = reading.parse(AFTERWARDS.format(strategy), "after", "after.toml")
                fired.append(await execute(bench, after, strategy, 1, 1))
            assert bench.embedded is not None
            with Redis.from_url(bench.embedded.url) as redis:
                left = {name for name in redis.scan_iter() if b":{" not in name}
                assert not left, "the trials' keys were cleaned"

    asyncio.run(work())
    return fired


def blames_the_store(trial: Trial) -> list[str]:
    """What is said against the trial because of its store."""
    return [said for said in [*trial.reasons, *trial.warnings] if "store" in said]


def test_a_restart_empties_the_cache_and_strategies_go_on(binary: str | None) -> None:
    mixes = ["two-level", "near+two-level", "redis-lock-notify", "single-flight"]
    fired = fire(binary, "redis-restart", mixes)
    for mix, (trial, requests) in zip(mixes, fired[::2], strict=True):
        assert trial.db_hits_ideal == 5, f"{mix}: every key was lost once"
        assert trial.db_hits >= 5
        assert not blames_the_store(trial)
        late = requests.intended > 0.9
        assert np.isfinite(requests.ended[late]).all()
        assert trial.errors < len(requests) / 2
        assert trial.redis_bytes > 10_000, "what the first server had counted is not forgotten"


@pytest.mark.parametrize(
    "event", ["redis-restart", "redis-outage(lasting=400ms)", "redis-outage(lasting=2s,how=hang)"]
)
def test_the_trial_after_an_event_is_as_any_other(binary: str | None, event: str) -> None:
    mixes = ["two-level", "near+two-level", "redis-lock-notify", "placeholder"]
    duration = "2500ms" if "hang" in event else "1200ms"
    for mix, (trial, _) in zip(mixes, fire(binary, event, mixes, duration)[1::2], strict=True):
        assert (trial.db_hits, trial.errors, trial.timeouts, trial.degraded) == (1, 0, 0, 0), mix
        assert not [said for said in blames_the_store(trial) if "failed" in said]


def test_without_redis_two_level_degrades_and_the_others_say_so(binary: str | None) -> None:
    fired = fire(binary, "redis-outage(lasting=400ms)", ["two-level", *WITHOUT_REDIS])
    degraded, _ = fired[0]
    assert (degraded.errors, degraded.timeouts) == (0, 0)
    assert degraded.degraded > 0
    assert not blames_the_store(degraded)
    for trial, _ in fired[2::2]:
        assert trial.errors > 0, trial.strategy
        assert trial.degraded == 0
        assert trial.error_messages
        assert all(said.startswith("Redis: ") for said in trial.error_messages)
        assert not blames_the_store(trial)


def test_who_waited_for_news_when_redis_went_away_does_not_wait_for_its_return(binary: str | None) -> None:
    """A flight whose leaseholder is in another process, at the moment of the crash."""
    scenario = reading.parse(
        "strategies = ['two-level']\nworkload.concurrency = 40\nfleet.instances = 2\ndatabase.latency = '600ms'\n"
        "events = [{ at = '200ms', do = 'redis-outage(lasting=5s)' }]",
        "mine",
        "mine.toml",
    )

    async def work() -> None:
        async with Bench.open(Servers(redis_server=binary), scenario.fleet) as bench:
            trial, requests = await execute(bench, scenario, scenario.strategies[0], 1, 1)
            assert (trial.ok, trial.db_hits) == (40, 2), "the other process loads by itself"
            assert float(np.nanmax(requests.ended)) < 1.8, "a lease is 2 s"
            # The trial is over long before its event: the server is there again all the same.
            again, _ = await execute(bench, scenario, scenario.strategies[0], 2, 1)
            assert again.ok == 40

    asyncio.run(work())


def test_an_event_that_strikes_while_another_one_restarts_leaves_no_redis_that_is_down(binary: str | None) -> None:
    async def work() -> None:
        async with Bench.open(Servers(redis_server=binary), FleetSetup(instances=1)) as bench:
            assert bench.embedded is not None
            for milliseconds in range(0, 60, 3):
                redis = OwnRedis(bench)
                await redis.crash()
                starting = asyncio.create_task(redis.start())
                await asyncio.sleep(milliseconds / 1000)
                await redis.crash()
                await starting
                await redis.start()
                with Redis.from_url(bench.embedded.url) as client:
                    assert client.ping(), f"{milliseconds} ms after the start"

    asyncio.run(work())


def test_a_hang_answers_nobody_and_loses_nothing(binary: str | None) -> None:
    (trial, requests), _ = fire(binary, "redis-outage(lasting=800ms,how=hang)", ["two-level"], "1500ms")
    struck = (requests.intended > 0.35) & (requests.intended < 0.9)
    assert float(np.min(requests.ended[struck])) >= 1.0
    assert (trial.db_hits, trial.errors) == (0, 0), "the cache was warm, and still is"
    assert not blames_the_store(trial)


def test_a_flush_of_a_redis_that_hangs_takes_effect_when_it_goes_on(binary: str | None) -> None:
    """It hangs for longer than the run's own command would wait."""
    events = (
        "events = [{ at = '300ms', do = 'redis-outage(lasting=2500ms,how=hang)' }, { at = '400ms', do = 'flush' }]"
    )
    text = STEADY.format(strategies="'two-level'", duration="3500ms", events=events)
    scenario = reading.parse(text, "mine", "mine.toml")

    async def work() -> None:
        async with Bench.open(Servers(redis_server=binary), scenario.fleet) as bench:
            trial, _ = await execute(bench, scenario, scenario.strategies[0], 1, 1)
            assert trial.db_hits_ideal == 5, "every key was lost once"
            assert trial.errors == 0

    asyncio.run(work())


def test_a_slow_redis_costs_every_round_trip_its_latency_while_it_lasts(binary: str | None) -> None:
    (trial, requests), _ = fire(binary, "redis-slow(latency=150ms,lasting=500ms)", ["none"], "1500ms")
    took = requests.ended - requests.intended
    during = (requests.intended > 0.35) & (requests.intended < 0.6)
    outside = (requests.intended < 0.25) | (requests.intended > 1.1)
    assert float(np.min(took[during])) >= 0.149
    assert float(np.median(took[outside])) < 0.1
    assert (trial.db_hits, trial.errors) == (0, 0)
    assert not blames_the_store(trial)

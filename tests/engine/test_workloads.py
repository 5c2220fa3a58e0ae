"""Workloads that last: callers that come back, writers, impatient clients, and events; real servers and processes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from stampede.core.model import Outcome, Role
from stampede.engine.bench import Bench, Servers
from stampede.engine.control import Controlled
from stampede.measure.requests import Requests
from stampede.measure.trial import Trial
from stampede.protection.strategy import Strategy
from stampede.scenario import reading
from stampede.scenario.model import FleetSetup

INSTANCES = 2
TOML = """
strategies = ["none"]
fleet = { instances = 2 }
"""
Fire = Callable[..., tuple[Trial, Requests]]


@pytest.fixture(scope="module")
def fire() -> Iterator[Fire]:
    """Executes a strategy once in the scenario with this text and database latency."""
    with asyncio.Runner() as runner:
        opened = Bench.open(Servers(), FleetSetup(INSTANCES))
        bench = runner.run(opened.__aenter__())

        def one(strategy: str, text: str, latency: str = "50ms") -> tuple[Trial, Requests]:
            scenario = reading.parse(f"{TOML}database.latency = '{latency}'\n{text}", "mine", "mine.toml")
            return runner.run(Controlled().execute(bench, scenario, Strategy.parse(strategy), 1, seed=1))

        try:
            yield one
        finally:
            runner.run(opened.__aexit__(None, None, None))


PATIENT = "600ms"
"""A load so long that callers feel it far more than a shared machine's pauses, which would make a trial INVALID."""


def most_at_once(requests: Requests) -> int:
    """The most requests that were under way at one moment."""
    moments = np.concatenate([requests.started, requests.ended])
    steps = np.concatenate([np.ones(len(requests)), -np.ones(len(requests))])
    return int(np.cumsum(steps[np.lexsort((steps, moments))]).max())


def test_callers_of_a_closed_loop_wait_for_their_answer_before_they_ask_again(fire: Fire) -> None:
    trial, requests = fire(
        "none", "workload = { arrivals = 'closed(duration=600ms,think=20ms)', concurrency = 10, keys = 'single' }"
    )
    assert trial.errors == trial.timeouts == 0
    assert most_at_once(requests) <= 10
    assert len(requests) >= 30, "they came back"
    assert requests.intended.max() <= 0.6
    assert requests.instance.tolist().count(0) > 0 < requests.instance.tolist().count(1)


def test_an_open_loop_goes_on_however_slow_the_answers_are(fire: Fire) -> None:
    trial, requests = fire(
        "none", "workload = { arrivals = 'constant(rate=200,duration=500ms)', keys = 'uniform(n=100)' }"
    )
    assert trial.requests == 100
    assert sorted(requests.intended.tolist()) == pytest.approx([(n + 1) / 200 for n in range(100)], abs=1e-6)
    assert most_at_once(requests) > 5, "nobody waited for the answer before"
    assert (requests.ended - requests.intended).max() >= trial.latency_max_ms / 1000 - 1e-3


def test_without_invalidation_answers_are_as_old_as_their_time_to_live_allows(fire: Fire) -> None:
    trial, requests = fire(
        "two-level",
        "cache = { ttl = '10s' }\n"
        "workload = { arrivals = 'constant(rate=100,duration=1s)', keys = 'single', writes = 40 }",
        PATIENT,
    )
    assert trial.valid, trial.reasons
    assert (trial.db_hits, len(set(requests.version.tolist()))) == (1, 1)
    assert trial.stale > 50
    assert 500 < trial.staleness_max_ms < 1000


def test_a_writer_that_invalidates_has_the_new_version_loaded(fire: Fire) -> None:
    trial, requests = fire(
        "two-level",
        "cache = { ttl = '10s' }\n"
        "workload = { arrivals = 'constant(rate=100,duration=1s)', keys = 'single', writes = 8, invalidate = true }",
        PATIENT,
    )
    assert trial.valid, trial.reasons
    assert trial.db_hits > 1
    assert requests.version.max() > 1
    assert trial.staleness_max_ms < 500, "an answer is no older than the load that it waited for"


def test_a_client_gives_up_after_its_timeout(fire: Fire) -> None:
    trial, requests = fire("single-flight", "client = { timeout = '50ms' }\nworkload.concurrency = 20", "600ms")
    assert (trial.timeouts, trial.ok, trial.retries) == (20, 0, 0)
    assert requests.count(Outcome.TIMEOUT) == 20
    assert (requests.ended - requests.intended).min() > 0.049  # a loop's timers are as fine as its clock
    assert trial.db_hits == INSTANCES, "the load went on"


def test_only_with_cancel_the_database_is_spared_the_loads_of_clients_that_gave_up(fire: Fire) -> None:
    impatient = (
        "workload = { arrivals = 'poisson(rate=100,duration=1s)', keys = 'uniform(n=1000)' }\n"
        "client = { timeout = '120ms' }\ndatabase.connections = 2\n"
    )
    kept, _ = fire("none", impatient)
    dropped, _ = fire("none", impatient + "database.cancel = true\n")
    assert kept.timeouts > 20 < dropped.db_abandoned
    assert kept.db_abandoned == 0 < kept.db_executed < kept.db_hits, "the last are queued when the trial ends"
    assert dropped.db_executed + dropped.db_abandoned == dropped.db_hits
    assert dropped.db_peak_queued < kept.db_peak_queued / 2
    assert dropped.ok > kept.ok, "the connections work for those who still wait"


def test_a_client_that_retries_gets_what_was_loaded_meanwhile_and_its_latency_counts_from_the_first_try(
    fire: Fire,
) -> None:
    trial, _ = fire(
        "single-flight",
        "client = { timeout = '50ms', retries = 50, backoff = '5ms' }\nworkload.concurrency = 20",
        "300ms",
    )
    assert (trial.ok, trial.timeouts) == (20, 0)
    assert trial.retries >= 20
    assert trial.db_hits == INSTANCES
    assert trial.latency_p50_ms is not None
    assert trial.latency_p50_ms >= 300


def test_unprotected_retries_load_again_and_again(fire: Fire) -> None:
    """The retry storm: whoever gave up left a load behind, and starts another one."""
    trial, _ = fire(
        "none", "client = { timeout = '50ms', retries = 3, backoff = '1ms' }\nworkload.concurrency = 20", "600ms"
    )
    assert trial.retries == 60
    assert trial.db_hits > 20


def test_who_finds_the_value_on_a_retry_was_not_answered_at_once(fire: Fire) -> None:
    """Everybody gives up on a load of 50 ms after 30, and finds it the second time."""
    trial, requests = fire(
        "single-flight", "client = { timeout = '30ms', retries = 1, backoff = '40ms' }\nworkload.concurrency = 20"
    )
    assert (trial.ok, trial.retries) == (20, 20)
    assert set(requests.role) == {Role.WAITER}
    assert (trial.hit_ratio, trial.misses) == (0.0, 20)


LASTING = "cache.ttl = '10s'\nworkload = { arrivals = 'constant(rate=200,duration=1s)', keys = 'single' }\n"


def test_a_flush_makes_the_key_cold_once_more_and_the_recovery_is_measured(fire: Fire) -> None:
    trial, _ = fire("two-level", LASTING + "events = [{ at = '500ms', do = 'flush' }]")
    assert (trial.db_hits, trial.epochs, trial.errors) == (2, 2, 0)
    assert trial.recovery_s == 0.25
    assert not trial.unrecovered


def test_after_a_harmless_event_there_is_nothing_to_recover_from(fire: Fire) -> None:
    slower = "events = [{ at = '300ms', do = 'slow-database(latency=101ms,lasting=100ms)' }]"
    trial, _ = fire("two-level", LASTING.replace("10s", "400ms") + slower)
    assert trial.epochs is not None
    assert trial.epochs > 1
    assert (trial.recovery_s, trial.unrecovered) == (0, 0)


def test_a_database_that_fails_for_a_while_costs_errors_for_that_while_only(fire: Fire) -> None:
    events = "events = [{ at = '200ms', do = 'flush' }, { at = '200ms', do = 'failing-database(lasting=300ms)' }]"
    trial, requests = fire("two-level", LASTING + events)
    failed = requests.intended[requests.outcome == Outcome.ERROR]
    assert len(failed) > 10
    assert failed.min() >= 0.1
    assert failed.max() < 0.6
    assert list(trial.error_messages) != []


def test_a_database_that_is_slow_for_a_while_is_waited_for_then(fire: Fire) -> None:
    slow = "slow-database(latency=400ms,lasting=300ms)"
    events = f"events = [{{ at = '200ms', do = '{slow}' }}, {{ at = '300ms', do = 'flush' }}]"
    trial, _ = fire("two-level", LASTING + events)
    assert trial.latency_max_ms is not None
    assert 350 < trial.latency_max_ms < 900
    assert (trial.db_hits, trial.errors) == (2, 0)


def test_a_restart_costs_the_requests_under_way_in_its_share_of_the_instances(fire: Fire) -> None:
    events = "events = [{ at = '200ms', do = 'flush' }, { at = '220ms', do = 'restart(share=1)' }]"
    trial, requests = fire("two-level", LASTING + events, PATIENT)
    assert set(trial.error_messages) <= {"its instance was restarted"}
    assert trial.valid, trial.reasons
    assert trial.ok + trial.errors == trial.requests
    last = requests.intended > 0.6
    assert (requests.outcome[last] == Outcome.OK).all(), "the new life answers"


def test_the_same_seed_evicts_the_same_keys(fire: Fire) -> None:
    text = (
        "cache = { ttl = '10s', start = 'warm' }\nevents = [{ at = '200ms', do = 'evict(share=0.5)' }]\n"
        "workload = { arrivals = 'constant(rate=400,duration=600ms)', keys = 'uniform(n=8)' }"
    )
    evicted = [
        set(np.unique(requests.key[requests.role == Role.LEADER]).tolist())
        for _, requests in (fire("lease", text), fire("lease", text))
    ]
    assert evicted[0] == evicted[1]
    assert len(evicted[0]) == 4


ABSENT = "database.missing = 1.0\ncache = { ttl = '10s' }\n"


def test_negative_has_a_key_that_does_not_exist_looked_for_again_and_again(fire: Fire) -> None:
    text = ABSENT + "workload = { arrivals = 'constant(rate=100,duration=1500ms)', keys = 'single' }"
    kept, _ = fire("two-level", text, "150ms")
    briefly, _ = fire("negative(ttl=100ms)+two-level", text, "150ms")
    assert (kept.db_hits, kept.ok) == (1, 150), "null is a hit like any other, and lives for the whole TTL"
    assert 4 <= briefly.db_hits <= 8, "a lifetime and a load are 250 ms"
    assert briefly.valid, briefly.reasons


def test_only_negative_soon_shows_a_key_that_comes_into_being(fire: Fire) -> None:
    text = ABSENT + "workload = { arrivals = 'constant(rate=100,duration=1s)', keys = 'single', writes = 40 }"
    kept, seen = fire("two-level", text)
    briefly, seen_briefly = fire("negative(ttl=200ms)+two-level", text)
    assert (kept.db_hits, set(seen.version.tolist())) == (1, {1})
    # From its first reload on it exists, and lives for the whole TTL as any other does.
    assert (briefly.db_hits, len(set(seen_briefly.version.tolist()))) == (2, 2)


def test_the_same_keys_are_missing_for_every_strategy(fire: Fire) -> None:
    text = (
        "database.missing = 0.5\ncache = { ttl = '10s' }\n"
        "workload = { arrivals = 'constant(rate=400,duration=1s)', keys = 'uniform(n=40)' }"
    )
    kept, asked = fire("two-level", text)
    briefly, _ = fire("negative(ttl=300ms)+two-level", text)
    keys = len(set(asked.key.tolist()))
    assert kept.db_hits == keys
    assert keys < briefly.db_hits < 3.5 * keys, "only those that are missing are loaded again"

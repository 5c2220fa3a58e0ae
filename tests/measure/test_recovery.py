"""Does the hit rate come back, and when?"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stampede.core.model import Role
from stampede.measure.records import Recorder
from stampede.measure.recovery import WINDOW_S, Recovery, recovery, worst_window
from stampede.measure.requests import Requests

STRUCK_AT = 5.0
UNTIL = 15.0


def steady(hit: Callable[[float], bool], until: float = UNTIL, every: float = 0.01) -> Requests:
    """Requests at even intervals; `hit` says which are answered from the cache."""
    recorder = Recorder()
    for number in range(round(until / every)):
        at = number * every
        row = recorder.intend(0, 1000.0 + at)
        recorder.started[row] = 1000.0 + at
        recorder.answered(row, 1000.0 + at, Role.HIT if hit(at) else Role.WAITER, 1)
    return Requests.join({0: recorder.columns()}, 1000.0)


def test_where_nothing_was_lost_there_is_nothing_to_recover_from() -> None:
    assert recovery(steady(lambda at: True), STRUCK_AT, 1.0) == Recovery()


def test_an_ordinary_expiry_after_a_harmless_event_is_no_loss() -> None:
    expires = steady(lambda at: at % 4 >= 0.1)
    usual = worst_window(expires, STRUCK_AT)
    assert usual is not None
    assert usual < 1
    assert recovery(steady(lambda at: (at - 0.7) % 4 >= 0.1), STRUCK_AT, usual) == Recovery()


def test_where_a_dip_lies_in_the_windows_does_not_matter() -> None:
    """In the control the dip is half in one window and half in the next; in the trial it is whole in one."""
    usual = worst_window(steady(lambda at: not 6.15 <= at < 6.35), STRUCK_AT)
    assert usual == pytest.approx(0.2, abs=0.05)
    assert recovery(steady(lambda at: not 7.02 <= at < 7.22), STRUCK_AT, usual or 0.0) == Recovery()


@pytest.mark.parametrize("down", [0.1, 1.0, 3.3])
def test_recovery_is_the_end_of_the_last_poor_window(down: float) -> None:
    seconds, never = recovery(steady(lambda at: not STRUCK_AT <= at < STRUCK_AT + down), STRUCK_AT, 1.0)
    assert seconds == pytest.approx(down, abs=WINDOW_S)
    assert not never


def test_a_relapse_is_no_recovery_yet() -> None:
    seconds, _ = recovery(steady(lambda at: not (5 <= at < 6 or 8 <= at < 9)), STRUCK_AT, 1.0)
    assert seconds == pytest.approx(4, abs=WINDOW_S)


def test_what_is_down_until_the_end_or_back_for_a_moment_only_has_not_recovered() -> None:
    assert recovery(steady(lambda at: at < STRUCK_AT), STRUCK_AT, 1.0).never
    assert recovery(steady(lambda at: at < STRUCK_AT or at > UNTIL - 0.5), STRUCK_AT, 1.0).never


def test_back_means_nine_tenths_of_what_is_usual() -> None:
    half = recovery(steady(lambda at: round(at * 100) % 2 == 0), STRUCK_AT, 0.5)
    assert half == Recovery(), "it is no better without the event"
    assert recovery(steady(lambda at: at < STRUCK_AT or round(at * 100) % 10 < 8), STRUCK_AT, 1.0).never
    assert recovery(steady(lambda at: at < STRUCK_AT or round(at * 100) % 25 < 24), STRUCK_AT, 1.0) == Recovery()


def test_errors_are_no_hits() -> None:
    recorder = Recorder()
    for number in range(1000):
        row = recorder.intend(0, 1000.0 + number / 100)
        recorder.started[row] = 1000.0 + number / 100
        if number < 500:
            recorder.answered(row, 1000.0 + number / 100, Role.HIT, 1)
        else:
            recorder.failed(row, 1000.0 + number / 100, "no")
    assert recovery(Requests.join({0: recorder.columns()}, 1000.0), STRUCK_AT, 1.0).never


def test_without_a_request_afterwards_nothing_can_be_said() -> None:
    assert recovery(steady(lambda at: True, until=4), STRUCK_AT, 1.0) == Recovery()
    assert worst_window(Requests.join({}, 0.0), STRUCK_AT) is None

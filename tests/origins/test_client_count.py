"""What one process counts of its loads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stampede.origins.client_count import ClientCount, timeline


def ticking(*moments: float) -> Iterator[float]:
    return iter(moments)


def counted(count: ClientCount, *moments: float, begins: bool = True) -> None:
    """One load, whose clock shows these moments one after the other."""
    clock = ticking(*moments)
    with count.load(lambda: next(clock)) as executing:
        if begins:
            with executing():
                pass


def test_who_waits_for_a_connection_is_queued_and_then_in_flight() -> None:
    count = ClientCount()
    counted(count, 1.0, 3.0, 7.0)
    assert (count.arrived, count.executed) == (1, 1)
    assert timeline([count]) == [(1.0, 0, 1), (3.0, 0, 0), (3.0, 1, 0), (7.0, 0, 0)]


def test_a_connection_that_was_free_is_no_queue() -> None:
    count = ClientCount()
    counted(count, 1.0, 1.0005, 7.0)
    assert timeline([count]) == [(1.0005, 1, 0), (7.0, 0, 0)]


def test_who_gives_up_in_the_queue_has_arrived_and_was_not_executed() -> None:
    count = ClientCount()
    counted(count, 1.0, 5.0, begins=False)
    assert (count.arrived, count.executed) == (1, 0)
    assert timeline([count]) == [(1.0, 0, 1), (5.0, 0, 0)]


def test_a_load_that_fails_was_executed_and_leaves_its_connection() -> None:
    count = ClientCount()
    with pytest.raises(ZeroDivisionError), count.load() as executing, executing():
        _ = 1 / 0
    assert (count.executed, timeline([count])[-1][1:]) == (1, (0, 0))


def test_the_processes_add_up_moment_by_moment() -> None:
    one, other = ClientCount(), ClientCount()
    counted(one, 1.0, 3.0, 7.0)
    counted(other, 2.0, 4.0, 5.0)
    assert [row for row in timeline([one, other]) if row[2] == 2] == [(2.0, 0, 2)]
    assert max(in_flight for _, in_flight, _ in timeline([one, other])) == 2
    assert timeline([one, other])[-1] == (7.0, 0, 0)
    assert timeline([]) == []

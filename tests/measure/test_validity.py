"""Whether the database was as slow as it says."""

from __future__ import annotations

import pytest

from stampede.measure.validity import slow_service, unasked_stall


@pytest.mark.parametrize("busy_s", [1.0, 1.05])
def test_a_service_within_five_percent_of_the_drawn_is_well(busy_s: float) -> None:
    assert slow_service(10, 1.0, busy_s) is None


@pytest.mark.parametrize(("busy_s", "invalid"), [(1.06, False), (1.2, False), (1.21, True), (2.45, True)])
def test_a_service_that_took_longer_is_a_warning_and_from_a_fifth_on_invalid(busy_s: float, invalid: bool) -> None:
    found = slow_service(10, 1.0, busy_s)
    assert found is not None
    assert found[1] is invalid
    assert f"{100 * busy_s:,.1f} ms a load where 100.0 ms were drawn" in found[0]


def test_a_database_that_executed_nothing_is_not_judged() -> None:
    assert slow_service(0, 0.0, 0.0) is None


def test_a_stall_is_named_unless_an_event_asked_for_it() -> None:
    assert "stood still for 0.80 s" in (unasked_stall(0.8, asked=False) or "")
    assert unasked_stall(0.8, asked=True) is None
    assert unasked_stall(0.01, asked=False) is None

"""The rules that say whether figures may be believed."""

from __future__ import annotations

import pytest

from stampede.measure.validity import Finding, Processors, late, saturated, slow_service, sorted_out, stall, unsteady


@pytest.mark.parametrize("busy_s", [1.0, 1.05])
def test_a_service_within_five_percent_of_the_drawn_is_well(busy_s: float) -> None:
    assert not list(slow_service(10, 1.0, busy_s))


@pytest.mark.parametrize(("busy_s", "invalid"), [(1.06, False), (1.2, False), (1.21, True), (2.45, True)])
def test_a_service_that_took_longer_is_a_warning_and_from_a_fifth_on_invalid(busy_s: float, invalid: bool) -> None:
    (found,) = slow_service(10, 1.0, busy_s)
    assert found.invalid is invalid
    assert f"{100 * busy_s:,.1f} ms a load where 100.0 ms were drawn" in found.words


def test_a_database_that_executed_nothing_is_not_judged() -> None:
    assert not list(slow_service(0, 0.0, 0.0))


@pytest.mark.parametrize(
    ("stalled_s", "p99_s", "invalid"),
    [
        (0.009, 0.01, None),
        (0.04, 0.01, False),
        (0.06, 0.01, True),
        (0.06, 1.0, None),
        (0.2, 1.0, False),
        (0.8, 0.489, True),
        (1.4, 3.381, False),
    ],
)
def test_a_standstill_counts_by_its_part_of_the_p99(stalled_s: float, p99_s: float, invalid: bool | None) -> None:
    found = list(stall("the database", stalled_s, p99_s))
    assert [each.invalid for each in found] == ([] if invalid is None else [invalid])


@pytest.mark.parametrize(
    ("lag_s", "felt_s", "invalid"),
    [(0.0009, 0.001, None), (0.0012, 0.020, None), (0.0012, 0.010, False), (0.012, 0.0207, True)],
)
def test_lateness_counts_by_its_part_of_the_percentile_that_is_shown(
    lag_s: float, felt_s: float, invalid: bool | None
) -> None:
    found = list(late("p99", lag_s, felt_s, 0.0))
    assert [each.invalid for each in found] == ([] if invalid is None else [invalid])


def test_a_closed_loop_whose_instance_is_at_its_limit_is_warned_about() -> None:
    assert not list(saturated(0.8))
    (found,) = saturated(0.97)
    assert "an instance used 97% of a processor" in found.words


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (Processors(10.0, 0.5, 0.45, 0.0), []),
        (Processors(10.0, 0.95, 0.9, 0.0), ["95% busy"]),
        (Processors(10.0, 0.8, 0.6, 0.0), ["other programs took 20%"]),
        (Processors(10.0, 0.5, 0.5, 0.05), ["5.0% of the processors (steal)"]),
        (Processors(10.0, 1.0, 0.4, 0.2), ["other programs took 60%", "steal"]),
        (Processors(0.1, 1.0, 0.1, 0.0), []),
    ],
)
def test_a_machine_that_others_use_is_warned_about(seen: Processors, words: list[str]) -> None:
    found = list(unsteady(seen))
    assert len(found) == len(words)
    assert all(word in each.words for each, word in zip(found, words, strict=True))
    assert not any(each.invalid for each in found), "what it did is judged where it did it"


def test_a_database_of_ones_own_is_no_foreign_program() -> None:
    (found,) = unsteady(Processors(10.0, 1.0, 0.4, 0.0), all_known=False)
    assert "100% busy" in found.words
    assert not found.invalid


def test_what_is_invalid_is_a_reason_and_the_rest_a_warning() -> None:
    assert sorted_out([Finding("a"), Finding("b", True)]) == (["b"], ["a"])

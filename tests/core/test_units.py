"""Durations as people write them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampede.core.errors import UsageError
from stampede.core.units import Duration

UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
NUMBERS = st.integers(1, 10**9).map(str) | st.decimals("0.001", "1000000", places=3).map(str)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250ms", 0.25),
        ("2s", 2.0),
        ("1m", 60.0),
        ("1.5m", 90.0),
        ("2h", 7200.0),
        ("7us", 7e-6),
        (" 20 ms ", 0.02),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert Duration.parse(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "written"), [("1500ms", "1.5s"), ("60s", "1m"), ("0.02s", "20ms"), ("90m", "1.5h"), ("0.5us", "0.5us")]
)
def test_a_duration_is_written_in_the_largest_unit_that_fits(text: str, written: str) -> None:
    assert str(Duration.parse(text)) == written


@given(NUMBERS, st.sampled_from(list(UNITS)))
def test_a_duration_is_written_so_that_it_reads_the_same_to_six_digits(number: str, unit: str) -> None:
    duration = Duration.parse(number + unit)
    assert math.isclose(duration, float(number) * UNITS[unit])
    assert math.isclose(Duration.parse(str(duration)), duration, rel_tol=1e-5)


@pytest.mark.parametrize(
    "text", ["5", "", "s", "ms", "-1s", "+1s", "1 day", "1sec", "1s2ms", "1e3s", ".5s", "nan", "infs"]
)
def test_no_number_no_unit_or_a_sign_is_an_error_that_shows_the_form(text: str) -> None:
    with pytest.raises(UsageError, match="is not a duration: write it like 250ms, 2s or 1m"):
        Duration.parse(text)


@pytest.mark.parametrize("text", ["0s", "0ms", "0.000h", "9" * 400 + "s"])
def test_zero_and_endless_are_no_durations(text: str) -> None:
    with pytest.raises(UsageError, match="is not a usable duration: it must be longer than zero"):
        Duration.parse(text)


@given(st.text(max_size=10) | st.from_regex(r"-?\d*\.?\d*(us|ms|s|m|h)?", fullmatch=True))
def test_any_text_is_either_a_duration_above_zero_or_a_usage_error(text: str) -> None:
    try:
        duration = Duration.parse(text)
    except UsageError:
        return
    assert 0 < duration < math.inf

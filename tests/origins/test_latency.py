"""The law of a load's latency."""

from __future__ import annotations

import math
from random import Random
from statistics import fmean, median, quantiles

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampede.core.errors import UsageError
from stampede.origins.latency import Latency


def test_a_fixed_latency_is_always_the_same() -> None:
    random = Random(1)
    assert {float(Latency.parse("100ms").draw(random)) for _ in range(10)} == {0.1}


def test_a_lognormal_latency_has_its_median_and_its_skew() -> None:
    law, random = Latency.parse("lognormal(median=100ms, sigma=0.5)"), Random(1)
    drawn = [law.draw(random) for _ in range(20_000)]
    assert min(drawn) > 0
    assert median(drawn) == pytest.approx(0.1, rel=0.03)
    assert quantiles(drawn, n=100)[98] == pytest.approx(0.1 * math.exp(2.326 * 0.5), rel=0.08)


def test_a_lognormal_latency_repeats_with_its_seed() -> None:
    law = Latency.parse("lognormal(median=100ms, sigma=0.5)")
    one, same, other = ([law.draw(random) for _ in range(5)] for random in map(Random, (1, 1, 2)))
    one, same, other = list(one), list(same), list(other)
    assert one == same
    assert one != other


def test_an_exponential_latency_has_its_mean_its_median_and_its_tail() -> None:
    law, random = Latency.parse("exponential(mean=100ms)"), Random(1)
    drawn = [law.draw(random) for _ in range(20_000)]
    assert min(drawn) > 0
    assert fmean(drawn) == pytest.approx(0.1, rel=0.03)
    assert median(drawn) == pytest.approx(law.median, rel=0.03)
    assert quantiles(drawn, n=100)[98] == pytest.approx(0.1 * math.log(100), rel=0.08)
    assert str(Latency.parse(str(law))) == "exponential(mean=100ms)"


@given(st.integers(1, 100_000), st.floats(0.001, 5))
def test_a_latency_is_written_so_that_it_reads_the_same(milliseconds: int, sigma: float) -> None:
    law = Latency.parse(f"lognormal(median={milliseconds}ms,sigma={sigma})")
    again = Latency.parse(str(law))
    assert math.isclose(again.median, milliseconds / 1000, rel_tol=1e-5)
    assert math.isclose(again.sigma, sigma, rel_tol=1e-5)
    assert Latency.parse(str(Latency.parse(f"{milliseconds}ms"))).sigma == 0


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("100", "is not a duration"),
        ("0ms", "longer than zero"),
        ("-5ms", "is not a duration"),
        ("100ms+1s", "is not a duration"),
        ("normal(median=1s,sigma=1)", "is not a latency"),
        ("lognormal(median=1s)", "is not a latency"),
        ("lognormal(median=1s,sigma=1,mean=2s)", "is not a latency"),
        ("lognormal(median=1,sigma=1)", "'1' is not a duration"),
        ("lognormal(median=1s,sigma=0)", "use a number above 0, up to 5"),
        ("lognormal(median=1s,sigma=-1)", "use a number above 0, up to 5"),
        ("lognormal(median=1s,sigma=6)", "use a number above 0, up to 5"),
        ("lognormal(median=1s,sigma=nan)", "use a number above 0, up to 5"),
        ("lognormal(median=1s,sigma=wide)", "use a number above 0, up to 5"),
        ("lognormal(median=1s", "column 20"),
        ("exponential(median=1s)", "is not a latency"),
        ("exponential(mean=1)", "'1' is not a duration"),
    ],
)
def test_what_is_no_latency_is_an_error_that_says_why(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        Latency.parse(text)
    assert problem in str(caught.value)


@given(st.text(max_size=20))
def test_any_text_is_either_a_latency_or_a_usage_error(text: str) -> None:
    try:
        law = Latency.parse(text)
    except UsageError:
        return
    assert law.draw(Random(0)) > 0

"""The language of --fail-if."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampede.core.errors import UsageError
from stampede.measure.condition import Condition

METRICS = ("db_hits", "latency_p99_ms", "duration_s", "errors", "valid")
STRATEGIES = ("none", "two-level", "swr+two-level", "single-flight #2")
FIGURES: dict[str, dict[str, float | None]] = {
    "none": {"db_hits": 500.0, "latency_p99_ms": 2000.0, "duration_s": 2.5, "errors": None, "valid": 3.0},
    "two-level": {"db_hits": 1.0, "latency_p99_ms": 116.0, "duration_s": 0.12, "errors": 0.0, "valid": 3.0},
    "swr+two-level": {"db_hits": 0.0, "latency_p99_ms": 5.0, "duration_s": 0.01, "errors": 0.0, "valid": 3.0},
}


def fails(text: str) -> list[str]:
    """The strategies for which it holds; of a condition without free names: ['']."""
    gate = Condition.parse(text, METRICS, STRATEGIES)
    heads = [failure.removeprefix(f"--fail-if '{text}': ") for failure in gate.failures(FIGURES)]
    return [next((name for name in FIGURES if head.startswith(f"{name}: ")), "") for head in heads]


@pytest.mark.parametrize(
    ("text", "strategies"),
    [
        ("db_hits > 1", ["none"]),
        ("db_hits >= 1", ["none", "two-level"]),
        ("db_hits == 0", ["swr+two-level"]),
        ("db_hits != 0 and db_hits <= 1", ["two-level"]),
        ("not db_hits", ["swr+two-level"]),
        ("not db_hits > 1", ["two-level", "swr+two-level"]),
        ("none.db_hits > 1", [""]),
        ("two-level.latency_p99_ms > 150 and two-level.valid", []),
        ("two-level.latency_p99_ms > 100ms", [""]),
        ("two-level.latency_p99_ms > 0.1s + 10ms", [""]),
        ("two-level.duration_s * 2 > 230ms", [""]),
        ('"swr+two-level".latency_p99_ms < 6', [""]),
        ('"swr+two-level" . db_hits == 0', [""]),
        ("db_hits > 2 * two-level.db_hits", ["none"]),
        ("none.db_hits-two-level.db_hits == 499", [""]),
        ("1 + 2 * 3 == 7 and (1 + 2) * 3 == 9 and 8 - 2 - 1 == 5 and 8 / 2 / 2 == 2", [""]),
        ("-2 - -3 == 1 and 2 * -3 == -6", [""]),
        ("1 or 0 and 0", [""]),
        (".5 == 0.5 and 1. == 1", [""]),
        ("1 > 2", []),
    ],
)
def test_a_condition_holds_for_the_strategies_it_describes(text: str, strategies: list[str]) -> None:
    assert fails(text) == strategies


@pytest.mark.parametrize(
    ("text", "strategies"),
    [
        ("none.errors > 0", [""]),  # nobody knows: that is no pass
        ("none.errors > 0 and db_hits > 400", ["none"]),
        ("none.errors > 0 and 0", []),
        ("none.errors > 0 or 1 > 0", [""]),
        ("not none.errors > 0", [""]),
        ("db_hits / 0 > 1", list(FIGURES)),
    ],
)
def test_what_nobody_knows_fails_unless_the_rest_decides(text: str, strategies: list[str]) -> None:
    assert fails(text) == strategies


def test_a_failure_names_the_strategy_and_the_figures() -> None:
    gate = Condition.parse("db_hits > 1 or none.errors > 3", METRICS, STRATEGIES)
    rows = {name: FIGURES[name] for name in ("none",)}
    assert gate.failures(rows) == [
        "--fail-if 'db_hits > 1 or none.errors > 3': none: db_hits is 500, none.errors is unknown"
    ]


def test_a_strategy_without_valid_figures_is_not_judged() -> None:
    gate = Condition.parse('"single-flight #2".db_hits >= 0', METRICS, STRATEGIES)
    assert gate.failures(FIGURES) == []
    assert Condition.parse("db_hits >= 0", METRICS, STRATEGIES).failures({}) == []


@pytest.mark.parametrize(
    ("text", "column", "problem"),
    [
        ("", 1, "expected a name or a number, found the end"),
        ("db_hits >", 10, "expected a name or a number, found the end"),
        ("dbhits > 1", 1, "unknown name 'dbhits': did you mean 'db_hits'? known: db_hits, latency_p99_ms"),
        ("p99 > 5ms", 1, "unknown name 'p99': did you mean 'latency_p99_ms'?"),
        ("none.p50 > 5ms", 1, "unknown name 'p50': known: db_hits, latency_p99_ms"),
        ("1 > two-levl.db_hits", 5, "unknown strategy 'two-levl': did you mean 'two-level'?"),
        ("db_hits = 1", 9, "unexpected '=': write =="),
        ("1 < db_hits < 3", 13, "comparisons do not chain: join two with 'and'"),
        ("(db_hits > 1", 13, "expected ')', found the end"),
        ("db_hits > 1)", 12, "expected an operator or the end, found ')'"),
        ("db_hits 1", 9, "expected an operator or the end, found '1'"),
        ("db_hits > 3ms", 11, "a duration can be compared with a time"),
        ("latency_p99_ms > duration_s + 3ms", 31, "a duration can be compared with a time"),
        ("latency_p99_ms > 1 and 3ms", 24, "a duration can be compared with a time"),
        ("db_hits > 3days", 11, "unexpected '3'"),
        ("db_hits > 1 \N{SNOWMAN}", 13, "unexpected '\N{SNOWMAN}'"),
        ("__import__('os').system('true')", 12, "unexpected '''"),
        ('"none.db_hits > 1', 1, "unexpected '\"'"),
        ("(" * 300, 201, "more than 200 words"),
    ],
)
def test_a_mistake_is_shown_with_its_column(text: str, column: int, problem: str) -> None:
    with pytest.raises(UsageError) as raised:
        Condition.parse(text, METRICS, STRATEGIES)
    assert f"column {column}: {problem}" in str(raised.value)


def test_durations_mean_nothing_beside_ratios() -> None:
    with pytest.raises(UsageError, match="column 18: a duration"):
        Condition.parse("latency_p99_ms > 150ms", METRICS, STRATEGIES, timed=False)


@given(st.text(max_size=80) | st.text('()+-*/<>=!."_ 0159adnortms#', max_size=300))
def test_any_text_is_read_or_refused_and_nothing_else(text: str) -> None:
    try:
        gate = Condition.parse(text, METRICS, STRATEGIES)
    except UsageError:
        return
    for failure in gate.failures(FIGURES):
        assert failure.startswith("--fail-if")


@given(st.sampled_from(["(", "-", "not ", "1-", "1<(", "not -("]), st.integers(1, 250))
def test_deep_nests_are_read_or_refused(word: str, depth: int) -> None:
    closing = ")" * (depth * word.count("("))
    text = word * depth + "1" + closing
    if len(text.replace(" ", "").replace("not", "!")) > 200:
        with pytest.raises(UsageError, match="more than 200 words"):
            Condition.parse(text, METRICS, STRATEGIES)
    else:
        Condition.parse(text, METRICS, STRATEGIES).failures(FIGURES)


LEAVES = st.sampled_from(["db_hits", "errors", "duration_s", "0", "1", "2.5", "7"])
ARITHMETIC = st.recursive(
    LEAVES,
    lambda inner: (
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(" ".join)
        | inner.map("({})".format)
        | inner.map("-{}".format)
    ),
    max_leaves=12,
)
LOGIC = st.recursive(
    st.tuples(ARITHMETIC, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), ARITHMETIC).map(" ".join),
    lambda inner: (
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join)
        | inner.map("({})".format)
        | inner.map("not {}".format)
    ),
    max_leaves=6,
)


@given(LOGIC)
def test_it_means_what_it_means_in_python(text: str) -> None:
    figures = {"two-level": FIGURES["two-level"]}
    expected = bool(eval(text, {"__builtins__": {}}, dict(FIGURES["two-level"])))
    assert bool(Condition.parse(text, METRICS, STRATEGIES).failures(figures)) is expected

"""The grammar of specs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampede.core.errors import UsageError
from stampede.core.spec import Call, parse_calls

WORDS = st.text(alphabet="abz019_.%-", min_size=1, max_size=6)
CALLS = st.lists(
    st.builds(Call, WORDS, st.dictionaries(WORDS, WORDS, max_size=3)),
    min_size=1,
    max_size=4,
)
NEARLY_SPECS = st.text(alphabet="ab1 \t\n+(),=!é", max_size=15)


def plain(calls: list[Call]) -> list[tuple[str, dict[str, str]]]:
    """Calls without the columns at which they were written."""
    return [(call.name, call.params) for call in calls]


def written(calls: list[Call]) -> str:
    return "+".join(map(str, calls))


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("none", [("none", {})]),
        ("a+b", [("a", {}), ("b", {})]),
        (" a ( b = 1 , c = 20ms ) + d ", [("a", {"b": "1", "c": "20ms"}), ("d", {})]),
        ("xfetch(beta=2)+redis-lock(lease=5s,poll=20ms)", None),
    ],
)
def test_a_spec_is_a_sum_of_names_with_parameters(text: str, calls: list[tuple[str, dict[str, str]]] | None) -> None:
    expected = calls or [("xfetch", {"beta": "2"}), ("redis-lock", {"lease": "5s", "poll": "20ms"})]
    assert plain(parse_calls(text)) == expected


def test_a_call_knows_the_column_at_which_it_was_written() -> None:
    assert [call.column for call in parse_calls(" one + two(a=1)+three")] == [2, 8, 17]


@pytest.mark.parametrize(
    ("text", "column", "problem"),
    [
        ("", 1, "expected a name, found the end"),
        ("none+", 6, "expected a name, found the end"),
        ("+none", 1, "expected a name, found '+'"),
        ("a++b", 3, "expected a name, found '+'"),
        ("a b", 3, "expected '+' or the end, found 'b'"),
        ("a)", 2, "expected '+' or the end, found ')'"),
        ("a()", 3, "expected a parameter's name, found ')'"),
        ("a(b)", 4, "expected '=', found ')'"),
        ("a(b=)", 5, "expected a value, found ')'"),
        ("a(b=1", 6, "expected ',' or ')', found the end"),
        ("a(b=1 c=2)", 7, "expected ',' or ')', found 'c'"),
        ("a(b=1,)", 7, "expected a parameter's name, found ')'"),
        ("a(b=1,b=2)", 7, "'b' is given twice"),
        ("a!b", 2, "unexpected '!'"),
        ("a + [b]", 5, "unexpected '['"),
        ("  !", 3, "unexpected '!'"),
    ],
)
def test_a_grammar_error_names_the_column_and_what_was_expected(text: str, column: int, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_calls(text)
    assert str(caught.value) == f"'{text}', column {column}: {problem}"


@given(st.text(max_size=20) | NEARLY_SPECS | CALLS.map(written))
def test_any_text_is_either_read_or_a_usage_error_with_a_column_inside_the_text(text: str) -> None:
    try:
        parse_calls(text)
    except UsageError as error:
        found = re.fullmatch(r"column (\d+): .+", str(error).removeprefix(f"'{text}', "), re.DOTALL)
        assert found
        assert 1 <= int(found[1]) <= len(text) + 1


@given(NEARLY_SPECS | CALLS.map(written))
def test_what_was_read_is_written_so_that_it_reads_the_same(text: str) -> None:
    try:
        calls = parse_calls(text)
    except UsageError:
        return
    assert plain(parse_calls(written(calls))) == plain(calls)


@given(CALLS)
def test_every_sum_of_calls_can_be_written_and_read_back(calls: list[Call]) -> None:
    assert plain(parse_calls(written(calls))) == plain(calls)


@pytest.mark.parametrize(("text", "count"), [("a+b", 2), ("a+b(c=1)+d", 3)])
def test_one_call_refuses_a_sum(text: str, count: int) -> None:
    with pytest.raises(UsageError, match=f"expected one name with parameters, found {count}"):
        Call.parse(text)

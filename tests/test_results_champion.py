"""The pages that measure what the champion must show: each works, at a size at which its figures say nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1]))  # what makes the results is no part of what is installed

from results.champion.__main__ import PAGES
from results.champion.outage import LATER, LOADING, Call, Load, Seen, Times, judge
from results.champion.page import Page, Size, Target, between, not_shown_above
from stampede.core.model import Role

ROOT = Path(__file__).parents[1]
FIGURE = r"(≥)?-?[\d,]+(\.\d+)?"
WORDS = {
    "hits": ["stampede.Cache", "dogpile-breaker", "cashews", "aiocache", "asyncio's own event loop"],
    "warm": ["16,000/s", "30,000/s", "none"],
    "cold": ["500 callers", "5,000 callers", "single-flight", "waking"],
    "outage": ["new callers wait", "waited for another's load", "loads of one instance", "asked for afterwards"],
    "pushes": ["8 instances, of which 3 wait", "16 instances"],
    "leftovers": ["no guard is left", "after round 2"],
}
"""What the page cannot do without."""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_every_target_with_a_figure_and_a_verdict_and_says_where_that_was(name: str) -> None:
    command = [sys.executable, f"results/champion/{name}.py", "--tiny"]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode in (0, 1), done.stderr
    assert done.stdout.startswith("# ")
    assert f"Made by `python results/champion/{name}.py`." in done.stdout
    assert re.search(r"Measured with stampede .*CPython.*redis \d.*load average before [\d.]+, 1 trials", done.stdout)
    for words in WORDS[name]:
        assert words in done.stdout
    _, _, targets = done.stdout.partition("| asked | measured | kept |\n| --- | ---: | ---: |\n")
    rows = targets.partition("\n\n")[0].splitlines()
    assert rows
    for row in rows:
        asked, measured, verdict = row.strip("| ").split(" | ")
        assert asked
        assert re.search(FIGURE, measured) or measured == "none has"
        assert verdict in ("yes", "NO")
    assert (done.returncode == 1) is any(row.endswith(" NO |") for row in rows)


def test_one_command_writes_the_pages_and_says_what_became_of_their_targets(tmp_path: Path) -> None:
    command = [sys.executable, "results/champion", "pushes", "--tiny", "--into", str(tmp_path / "new")]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode in (0, 1), done.stderr
    assert (tmp_path / "new/pushes.md").read_text().startswith("# Bytes that leave Redis")
    assert re.search(r"^pushes \(\d+ s\)\n  (yes|NO )  8 instances, of which 3 wait: ", done.stdout)


def test_a_page_that_does_not_exist_is_named() -> None:
    command = [sys.executable, "results/champion", "hots"]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        2,
        "python results/champion: error: there is no hots",
    )


def test_a_page_has_its_targets_first() -> None:
    page = Page("A title", "What is done.", ["| a table |"], [Target("at most 1", "2 ms", False)])
    text = page.markdown("name", "quiet")
    assert text.index("# A title") < text.index("| at most 1 | 2 ms | NO |") < text.index("| a table |")
    assert "`python results/champion/name.py`. What is done." in text
    assert "; quiet." in text


def test_a_median_has_its_interval_where_there_are_enough_trials() -> None:
    assert between([3.0, 1.0, 2.0]) == "2.00"
    assert between([float(each) for each in range(11)], 0) == "5 [1, 9]"


def test_what_chance_may_have_made_is_not_shown_to_be_above_a_bound() -> None:
    assert not_shown_above([-1.0, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 0.0, -2.0, 1.0, 1.5], 0.0)
    assert not not_shown_above([1.0, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 0.1, 2.0, 1.0, 1.5], 0.0)
    assert not not_shown_above([1.0], 0.0)


def test_a_tiny_size_is_tiny() -> None:
    assert (Size(tiny=True).of(5_000, 40), Size().of(5_000, 40)) == (40, 5_000)


TIMES = Times(begin=0.0, stop=1.0, go_on=3.0, afterwards=4.2, end=5.0)


def test_callers_of_the_loading_process_are_judged_by_the_end_of_its_load() -> None:
    load = Load(LOADING, 0.85, 1.15)
    calls = [Call(LOADING, 0.8, 1.151, Role.LEADER), Call(LOADING, 1.0, 1.26, Role.WAITER)]
    judged = judge(TIMES, [Seen(calls, [load])])
    assert judged.asked_first == pytest.approx(1.0)
    assert judged.after_load == pytest.approx(110.0)
    assert judged.new == pytest.approx(260.0)
    assert (judged.others, judged.loads, judged.errors) == (0.0, 0, 0)


def test_callers_that_waited_for_another_processs_load_are_judged_apart_and_from_the_stop_on() -> None:
    own = Load(LOADING, 1.2, 1.5)
    calls = [Call(LOADING, 0.9, 1.5, Role.LEADER), Call(LOADING, 1.1, 1.5, Role.WAITER)]
    new = Call(LOADING, 1.6, 1.95, Role.LEADER)
    judged = judge(TIMES, [Seen([*calls, new], [own, Load(LOADING, 1.65, 1.95)])])
    assert judged.others == pytest.approx(500.0)
    assert judged.new == pytest.approx(350.0)
    assert judged.loads == 2


def test_an_instance_is_back_with_its_first_hit_and_errors_and_later_loads_are_counted() -> None:
    one = Seen([Call("held", 3.5, 3.6, Role.HIT), Call(LATER, 4.2, 4.5, Role.LEADER)], [Load(LATER, 4.2, 4.5)])
    other = Seen([Call("held", 3.1, 3.2, Role.HIT), Call("held", 2.0, 2.1, None)])
    judged = judge(TIMES, [one, other])
    assert judged.back_s == pytest.approx(0.6)
    assert (judged.later, judged.errors) == (1, 1)

"""The plugin as pytest's users meet it."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.filterwarnings("ignore::stampede.testing.SmearedBurst")

THE_README = """
    import threading

    class Cache:
        def __init__(self):
            self.values, self.lock = {}, threading.Lock()

        def get(self, key, load):
            with self.lock:
                if key not in self.values:
                    self.values[key] = load()
                return self.values[key]

    my_cache = Cache()

    def test_my_cache_does_not_stampede(stampede):
        db = stampede.loader(latency="1s")
        burst = stampede.burst(lambda: my_cache.get("k", db), concurrency=20)
        burst.check(loads=1, p99="5s", errors=0)
"""


def test_a_protected_cache_passes(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(THE_README)
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_a_stampede_fails_at_the_line_of_the_test_and_shows_the_table(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(THE_README.replace("self.lock:", "threading.Lock():"))
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            ">       burst.check(loads=1, p99=*",
            "E       AssertionError: the cache stampedes: 20 callers at once caused 20 loads, 1 demanded",
            "E       *measured  demanded",
            "E       loads * 20 * 1",
            "E       arrival spread ms *",
            "test_*.py:*: AssertionError",
        ]
    )
    assert "bursts.py" not in result.stdout.str()


@pytest.mark.parametrize(
    "line",
    [
        "stampede.loader('1ms', error=ConnectionError('down')).load()",
        "asyncio.run(stampede.loader('1ms', error=ConnectionError('down')).aload())",
        "raise stampede.burst(stampede.loader('1ms', error=ConnectionError('down')), 2).calls[0].error",
        "stampede.loader('1 parsec')",
        "stampede.burst(stampede.loader('1ms'), 2, patience='long')",
        "stampede.burst(stampede.loader('100ms'), 2).check(loads=2, p99='soon')",
    ],
    ids=["blocking", "awaited", "in a burst", "latency", "patience", "p99"],
)
def test_an_error_is_shown_at_the_line_of_the_test_without_frames_of_ours(
    pytester: pytest.Pytester, line: str
) -> None:
    pytester.makepyfile(f"import asyncio\ndef test_it(stampede):\n    {line}\n")
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f">*{line[:40]}*"])
    assert not re.search(r"^\S*stampede/\S*:\d+: ", result.stdout.str(), re.MULTILINE)


def test_the_fixture_tells_what_it_is_for(pytester: pytest.Pytester) -> None:
    pytester.runpytest_inprocess("--fixtures").stdout.fnmatch_lines(["stampede -- *", "*Fire true bursts*"])


def test_a_pytest_that_does_not_use_it_imports_nothing_of_it() -> None:
    code = """if True:
        import sys
        import pytest
        before = set(sys.modules)
        import stampede.testing.plugin
        print(*sorted(set(sys.modules) - before))
    """
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["stampede", "stampede.testing", "stampede.testing.plugin"]


def test_a_burst_imports_nothing_heavy() -> None:
    code = "import sys, stampede.testing.bursts; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not {"numpy", "redis", "sqlalchemy", "rich", "typer", "uvloop"} & set(done.stdout.split())

"""Files of single requests, read back."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stampede.core.errors import UsageError
from stampede.measure.details import replot
from stampede.measure.requests import Requests
from stampede.measure.run import Run
from stampede.measure.trial import Trial
from stampede.reports import files, read_requests
from stampede.reports.read_requests import refold
from stampede.reports.requests import COLUMNS

MakeRun = Callable[..., Run]
MakeTrial = Callable[..., Trial]

ENDINGS = [".csv", ".jsonl"]
NAMES = ["none", "redis-lock(lease=5s,poll=20ms)", 'say "hi"', "naïve,,✗", "=1+1", "'-x"]


@pytest.fixture
def counted(trial: MakeTrial) -> MakeTrial:
    """Makes trials that have the three requests of the fixture `requests`."""
    return lambda **changes: trial(**({"requests": 3, "ok": 1} | changes))


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("block", [1, 150, 4_000_000])
def test_what_was_written_is_read_trial_by_trial(
    counted: MakeTrial, requests: Requests, tmp_path: Path, ending: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_requests, "BLOCK", block)  # a block may end anywhere in a trial
    trials = [counted(strategy=name, trial=number) for number in (1, 2) for name in NAMES]
    path = tmp_path / f"requests{ending}"
    files.export_requests([(trial, requests) for trial in trials], path)
    found = list(read_requests.read_requests(path))
    assert [label for label, _ in found] == [("cold-burst", t.strategy, t.trial) for t in trials]
    for _, again in found:
        for name, column in vars(requests).items():
            np.testing.assert_allclose(getattr(again, name), column, atol=1e-6)
            assert getattr(again, name).dtype == column.dtype


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_plots_of_a_run_come_from_every_request(
    run: MakeRun, counted: MakeTrial, requests: Requests, tmp_path: Path, ending: str
) -> None:
    bare = [counted(trial=number, latency_curve=None, sample=None) for number in (1, 2)]
    path = tmp_path / f"requests{ending}"
    files.export_requests([(trial, requests) for trial in bare], path)
    assert refold(run(*bare), path).trials == [replot(trial, requests) for trial in bare]


def test_requests_of_another_run_are_refused(
    run: MakeRun, counted: MakeTrial, requests: Requests, tmp_path: Path
) -> None:
    path = tmp_path / "requests.csv"
    files.export_requests([(counted(), requests)], path)
    for other, why in (
        (run(counted(strategy="two-level")), "no trial 1 of none"),
        (run(counted(), counted(trial=2)), "1 trials are missing"),
        (run(counted(requests=4)), "has 3 requests in it and 4 in the run"),
    ):
        with pytest.raises(UsageError, match=why):
            refold(other, path)


def test_the_requests_of_a_sweep_are_refused(run: MakeRun, counted: MakeTrial, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="which point of the sweep"):
        refold(run(counted(swept={"concurrency": "100"})), tmp_path / "requests.csv")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("x.csv", "a,b\n1,2\n", "the first line must be scenario,strategy"),
        ("x.csv", "{header}\ns,none,1,0,0,0.0,0.0,0.1,ok,leade", "invalid column index 10"),
        ("x.csv", "{header}\ns,none,1,0,0,0.0,0.0,0.1,ok,leade,1\n", "'leade' is none of hit, leader"),
        ("x.csv", "{header}\ns,none,1,0,0,0.0,x,0.1,ok,leader,1\n", "x"),
        ("x.csv", "{header}\ns,none,1,0\n", "column"),
        ("x.jsonl", '{{"scenario": 1}}\n', "Expected"),
        ("x.jsonl", '{{"scenario"', "truncated"),
        ("x.txt", "", ".csv .jsonl"),
        ("none.csv", None, "No such file"),
    ],
)
def test_another_file_is_one_line_that_says_what_is_wrong(
    tmp_path: Path, name: str, text: str | None, words: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text.format(header=",".join(COLUMNS)))
    with pytest.raises(UsageError, match=words) as caught:
        list(read_requests.read_requests(tmp_path / name))
    assert "\n" not in str(caught.value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(ENDINGS), st.binary() | st.text().map(str.encode), st.booleans())
def test_no_bytes_are_anything_but_requests_or_a_usage_error(
    tmp_path: Path, ending: str, content: bytes, headed: bool
) -> None:
    path = tmp_path / f"any{ending}"
    path.write_bytes(",".join(COLUMNS).encode() + b"\n" + content if headed else content)
    with contextlib.suppress(UsageError):
        assert all(len(requests) for _, requests in read_requests.read_requests(path))

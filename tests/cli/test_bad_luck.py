"""What dies or is ended while a run is under way: nothing measured is lost, and nothing is left behind."""

from __future__ import annotations

import csv
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RUN = ["run", "-c", 40, "-i", 2, "--db-latency", "700ms", "-s", "two-level", "-n", 3]
EXPORTS = ["--export", "out.csv", "--export", "out.json", "--requests", "out.jsonl"]

Start = Callable[..., Any]


def exported(folder: Path) -> list[Any]:
    """The trials in out.json, which are also those in out.csv and out.jsonl."""
    trials: list[Any] = json.loads((folder / "out.json").read_text())["trials"]
    numbers = [trial["trial"] for trial in trials]
    with (folder / "out.csv").open() as file:
        assert [int(row["trial"]) for row in csv.DictReader(file)] == numbers
    requests = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
    assert sorted({request["trial"] for request in requests}) == numbers
    return trials


@pytest.mark.parametrize(("server", "name"), [("redis", "Redis"), ("database", "database")])
def test_a_server_that_dies_ends_the_run_and_leaves_the_trials_before(
    start: Start, tmp_path: Path, server: str, name: str
) -> None:
    run = start(*RUN, *EXPORTS)
    run.await_burst(2)
    os.kill(run.server(server), signal.SIGKILL)
    ended = run.ended()
    assert ended.code == 3
    assert name in ended.line()
    assert "two-level 1/1" in " ".join(ended.out.split())
    assert [trial["trial"] for trial in exported(tmp_path)] == [1]
    assert json.loads((tmp_path / "out.json").read_text())["stopped_by"] in ended.line()


def test_an_instance_that_dies_in_a_trial_costs_that_trial_only(start: Start, tmp_path: Path) -> None:
    run = start(*RUN, *EXPORTS)
    run.await_burst(2)
    os.kill(run.instances()[0], signal.SIGKILL)
    ended = run.ended()
    assert (ended.code, ended.err) == (0, "")
    assert [trial["valid"] for trial in exported(tmp_path)] == [True, False, True]
    assert "1 of 3 trials INVALID: instance " in " ".join(ended.out.split())


START: dict[str, Callable[[Any], bool]] = {
    "at its first child": lambda run: len(run.processes()) > 1,
    "when it starts servers": lambda run: run.servers(),
    "when it starts instances": lambda run: run.instances(),
}


@pytest.mark.parametrize("moment", START)
def test_ctrl_c_at_the_start_is_quiet(start: Start, moment: str) -> None:
    run = start(*RUN)
    run.wait_until(lambda: START[moment](run), moment)
    run.interrupt()
    ended = run.ended()
    assert (ended.code, ended.err.strip()) == (130, "")


def test_sigterm_at_the_start_leaves_nothing(start: Start) -> None:
    moment = "at its first child"
    run = start(*RUN)
    run.wait_until(lambda: START[moment](run), moment)
    run.terminate()
    ended = run.ended()
    assert (ended.code, ended.err.strip()) == (130, "")


@pytest.mark.parametrize(
    ("way", "servers"),
    [([], 3), (["--between-runs"], 3), (["--theory"], 1)],
    ids=["bursts", "between-runs", "theory"],
)
def test_calibrate_can_be_interrupted_too_and_replaces_no_file(
    start: Start, tmp_path: Path, way: list[str], servers: int
) -> None:
    saved = tmp_path / "out.json"
    saved.write_text("of yesterday")
    run = start("calibrate", *way, "--export", saved)
    run.wait_until(lambda: len(run.servers()) == servers, "servers")
    run.terminate()
    ended = run.ended()
    assert (ended.code, ended.err) == (130, "")
    assert "Interrupted" in ended.out
    assert saved.read_text() == "of yesterday"


def test_an_interrupted_calibration_prints_no_document_and_says_so(start: Start) -> None:
    run = start("calibrate", "--theory", "--json")
    run.wait_until(lambda: len(run.servers()) == 1, "the database")
    run.interrupt()
    ended = run.ended()
    assert (ended.code, ended.out) == (130, "")
    assert ended.err == "interrupted before the first trial had ended: nothing was measured\n"


@pytest.mark.parametrize("signals", [["interrupt"], ["interrupt", "interrupt"], ["terminate"]], ids="+".join)
def test_a_signal_in_a_burst_ends_the_run_and_leaves_the_trials_before(
    start: Start, tmp_path: Path, signals: list[str]
) -> None:
    run = start(*RUN, *EXPORTS)
    run.await_burst(2)
    for name in signals:
        getattr(run, name)()
    ended = run.ended()
    assert (ended.code, ended.err) == (130, "")
    assert "two-level 1/1" in " ".join(ended.out.split())
    assert "interrupted: only the trials that had ended are shown" in ended.out
    assert [trial["trial"] for trial in exported(tmp_path)] == [1]
    assert json.loads((tmp_path / "out.json").read_text())["interrupted"] is True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda s: s.name)
@pytest.mark.parametrize("command", ["run", "compare"])
def test_a_signal_in_the_first_burst_replaces_no_file(
    start: Start, tmp_path: Path, command: str, number: signal.Signals
) -> None:
    (tmp_path / "out.json").write_text("of yesterday")
    words = RUN if command == "run" else ["compare", "two-level", "redis-lock", *RUN[1:7], "-n", 9]
    run = start(*words, *EXPORTS)
    run.await_burst(1)
    run.process.send_signal(number)
    ended = run.ended()
    assert (ended.code, ended.err) == (130, "")
    assert "interrupted before the first trial had ended: nothing was measured" in ended.out
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"out.json": "of yesterday"}


@pytest.mark.parametrize("printed", [["--json"], ["-e", "-"], ["-e", "-.csv"]], ids=" ".join)
def test_ctrl_c_in_the_first_burst_prints_no_document_and_says_so(start: Start, printed: list[str]) -> None:
    run = start(*RUN, *printed)
    run.await_burst(1)
    run.interrupt()
    ended = run.ended()
    assert (ended.code, ended.out) == (130, "")
    assert ended.err == "interrupted before the first trial had ended: nothing was measured\n"


def test_ctrl_c_between_trials_leaves_the_trials_before(start: Start, tmp_path: Path) -> None:
    run = start(*RUN, *EXPORTS)
    run.await_burst(1)
    run.wait_until((tmp_path / "out.json").exists, "the export of the first trial")
    run.interrupt()
    ended = run.ended()
    assert (ended.code, ended.err) == (130, "")
    assert [trial["trial"] for trial in exported(tmp_path)] == [1]


def test_an_impatient_user_loses_nothing_either(start: Start, tmp_path: Path) -> None:
    """Ctrl-C again and again, until the prompt is back."""
    run = start(*RUN, *EXPORTS)
    run.await_burst(2)
    while run.process.poll() is None:
        run.interrupt()
        time.sleep(0.001)
    ended = run.ended()
    assert (ended.code, ended.err) == (130, "")
    assert [trial["trial"] for trial in exported(tmp_path)] == [1]


@pytest.mark.parametrize("moment", ["when it starts servers", "in a burst"])
def test_sigkill_leaves_no_process_and_no_folder(start: Start, moment: str) -> None:
    run = start(*RUN)
    if moment in START:
        run.wait_until(lambda: START[moment](run), moment)
    else:
        run.await_burst(1)
        assert len(run.servers()) == 3  # Redis, the database, and the fleet's own folder
        assert len(run.instances()) == 2
    run.kill()
    assert run.ended().code == -signal.SIGKILL
    run.leaves_nothing()


@pytest.mark.parametrize("words", [RUN, ["compare", "none", "two-level", "-c", 40, "--db-latency", "300ms", "-n", 3]])
def test_sigkill_leaves_the_rounds_before(
    start: Start, said: Callable[..., Any], tmp_path: Path, words: list[object]
) -> None:
    run = start(*words, "--export", "out.json", "--export", "out.csv")
    saved = tmp_path / "out.json"
    run.wait_until((tmp_path / "out.csv").exists, "the export of the first round")
    run.kill()
    assert run.ended().code == -signal.SIGKILL
    document = json.loads(saved.read_text())
    assert document["interrupted"] is True
    assert {trial["trial"] for trial in document["trials"]} == {1}
    assert len(document["trials"]) == len(document["scenario"]["strategies"])
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 1 + len(document["trials"])
    ended = said("report", "out.json")
    assert (ended.code, ended.err) == (0, "")
    assert "interrupted: only the trials that had ended are shown" in ended.out


def test_a_repeated_run_dies_with_its_calibration(start: Start) -> None:
    run = start("calibrate", "--between-runs", "--trials", 20)
    run.wait_until(lambda: len(run.servers()) == 3, "servers of the first run")
    run.kill()
    run.wait_until(lambda: not run.servers(), "the end of the repeated run's servers", 5)

"""The one place that writes files."""

from __future__ import annotations

import csv
import json
import os
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stampede.core.errors import ExportFailed, UsageError
from stampede.measure.requests import Requests
from stampede.measure.run import Run
from stampede.measure.trial import Trial
from stampede.reports import files

MakeRun = Callable[..., Run]
MakeTrial = Callable[..., Trial]


NO_SPACE = OSError(28, "No space left on device")


def breaking(error: BaseException) -> Iterator[bytes]:
    """Pieces of which the second one cannot be had."""
    yield b"new, but only the first half"
    raise error


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    files.write(path, [b"a,", b"b\n"])
    assert path.read_bytes() == b"a,b\n"
    assert os.listdir(tmp_path) == ["out.csv"]


def test_an_old_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old and longer than the new one")
    files.write(path, [b"new"])
    assert path.read_bytes() == b"new"


def test_folders_are_not_made_behind_the_users_back(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "out.csv"
    with pytest.raises(UsageError, match=r"there is no folder '.*/a/b': make it"):
        files.check(path, files.EXPORTS)
    with pytest.raises(ExportFailed):
        files.write(path, [b"new"])
    assert os.listdir(tmp_path) == []


def test_a_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    link, target = tmp_path / "link.csv", tmp_path / "there" / "out.csv"
    target.parent.mkdir()
    target.write_text("old")
    link.symlink_to(target)
    files.check(link, files.EXPORTS)
    files.write(link, [b"new"])
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert os.listdir(target.parent) == ["out.csv"]


def test_a_pipe_is_written_into(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    files.check(pipe, files.EXPORTS)
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
        deadline = time.monotonic() + 30
        while True:  # until the reader has opened it
            try:
                files.write(pipe, [b"a,", b"b"])
                break
            except ExportFailed:
                assert time.monotonic() < deadline
        assert reader.communicate(timeout=30)[0] == b"a,b"
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert not files.can_be_replaced(pipe)


def test_a_pipe_that_nobody_reads_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(ExportFailed, match="nobody reads from it"):
        files.write(tmp_path / "pipe.csv", [b"a"])
    assert os.listdir(tmp_path) == ["pipe.csv"]


def test_a_device_stays_one(tmp_path: Path) -> None:
    link = tmp_path / "full.csv"
    link.symlink_to("/dev/full")
    files.check(link, files.EXPORTS)
    with pytest.raises(ExportFailed, match="No space left on device"):
        files.write(link, [b"new"])
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)
    assert link.is_symlink()


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("a bug"), KeyboardInterrupt()])
def test_on_a_failure_the_old_file_is_as_it_was_and_nothing_else_is_left(
    tmp_path: Path, error: BaseException
) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")
    with pytest.raises(ExportFailed if isinstance(error, OSError) else type(error)) as caught:
        files.write(path, breaking(error))
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["out.csv"]
    if isinstance(error, OSError):
        assert str(caught.value).startswith(f"cannot write '{path}': No space left on device")


def test_a_failure_without_an_old_file_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ExportFailed):
        files.write(tmp_path / "out.csv", breaking(NO_SPACE))
    assert os.listdir(tmp_path) == []


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")

    def pieces() -> Iterator[bytes]:
        yield b"first half"
        assert path.read_text() == "old"
        yield b", second half"

    files.write(path, pieces())
    assert path.read_text() == "first half, second half"


def test_a_path_through_a_file_or_onto_a_folder_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.csv").mkdir()
    for path in (tmp_path / "file" / "out.csv", tmp_path / "folder.csv"):
        with pytest.raises(ExportFailed, match="cannot write"):
            files.write(path, [b"new"])
    assert sorted(os.listdir(tmp_path)) == ["file", "folder.csv"]


def test_a_new_file_may_be_read_by_whom_the_umask_lets(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    old = os.umask(0o027)
    try:
        files.write(path, [b"new"])
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("name", ["out.csv", "out.json", "OUT.CSV"])
def test_a_path_that_can_be_written_passes_the_check_and_nothing_is_left_of_it(tmp_path: Path, name: str) -> None:
    files.check(tmp_path / name, files.EXPORTS)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["out", "out.txt", "out.jsonl", ".csv", "csv"])
def test_an_ending_that_is_no_format_is_an_error_that_names_the_formats(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"the ending says the format, one of \.csv \.html \.json \.md"):
        files.check(tmp_path / name, files.EXPORTS)


def test_a_folder_is_no_file_to_export_to(tmp_path: Path) -> None:
    (tmp_path / "out.csv").mkdir()
    with pytest.raises(UsageError, match="it is a folder"):
        files.check(tmp_path / "out.csv", files.EXPORTS)


def test_a_folder_that_is_none_is_found_out_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot export to"):
        files.check(tmp_path / "file" / "deep" / "out.csv", files.EXPORTS)


def test_a_name_that_no_file_system_takes_is_found_out_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot export to"):
        files.check(tmp_path / f"{'x' * 5000}.csv", files.EXPORTS)


def test_the_ending_says_the_format(tmp_path: Path, run: MakeRun, trial: MakeTrial, requests: Requests) -> None:
    for name in ("out.csv", "UPPER.CSV"):
        files.export(run(trial()), tmp_path / name)
        assert len(list(csv.reader((tmp_path / name).read_text().splitlines()))) == 2
    files.export(run(trial()), tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_bytes())["schema"] == 2
    files.export_requests([(trial(), requests)], tmp_path / "requests.csv")
    assert len((tmp_path / "requests.csv").read_text().splitlines()) == 4
    files.export_requests([(trial(), requests)], tmp_path / "requests.jsonl")
    assert len((tmp_path / "requests.jsonl").read_text().splitlines()) == 3

"""The temporary folder of a server is ours alone, whatever another user of the machine does in the meantime."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stampede.core.errors import EnvironmentFault
from stampede.processes import lifeline
from stampede.processes.guarded import Guarded

STARTS = 36
NOBODY = 65534

ATTACK = """
import os, sys
folder, loot = sys.argv[1:3]
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
watched, seen = {}, set()
print("ready", flush=True)
while True:
    for name in set(filter(str.isdigit, os.listdir("/proc"))) - seen:
        watched[name] = 200
        seen.add(name)
    for name in list(watched):
        watched[name] -= 1
        if not watched[name]:
            del watched[name]
            continue
        try:
            words = open(f"/proc/{name}/cmdline", "rb").read().split(b"\\0")
        except OSError:
            continue
        for word in words:
            if word.startswith(os.fsencode(folder) + b"/stampede-"):
                try:
                    os.mkdir(word, 0o777)
                    os.chmod(word, 0o777)
                    os.symlink(loot, word + b"/log")
                except OSError:
                    pass
"""
"""Reads the names of our folders in the command lines of what is started, and tries to be the first to make them."""


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A folder as /tmp is: everybody may make folders there. (`tmp_path` first, which looks for /tmp itself.)"""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="s") as name:
        folder = Path(name)
        folder.chmod(0o1777)
        monkeypatch.setattr(tempfile, "tempdir", name)
        yield folder


@pytest.fixture
def loot(tmp_path: Path) -> Path:
    """A file of ours that somebody would like to have written to."""
    loot = tmp_path / "loot"
    loot.write_text("untouched")
    return loot


@pytest.mark.skipif(sys.platform != "linux", reason="reads the command lines of others in /proc")
def test_nobody_takes_a_folder_over_whose_name_is_in_a_command_line(shared: Path, loot: Path) -> None:
    won = 0
    words = [sys.executable, "-S", "-c", ATTACK, str(shared), str(loot)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as attack:
        try:
            assert attack.stdout
            attack.stdout.readline()
            for _ in range(STARTS):
                guarded = Guarded("test")
                try:
                    guarded.start([sys.executable, "-I", "-S", "-c", "print('mine', flush=True); input()"])
                    deadline = time.monotonic() + 20
                    while not guarded.last_words() and guarded.alive and time.monotonic() < deadline:
                        time.sleep(0.002)
                    there = guarded.folder.lstat()
                    won += (there.st_uid, stat.S_IMODE(there.st_mode)) != (os.geteuid(), 0o700)
                finally:
                    guarded.stop()
        finally:
            attack.send_signal(signal.SIGKILL)
    assert won == 0
    assert loot.read_text() == "untouched"


def test_a_folder_is_private_and_has_a_name_of_its_own(shared: Path) -> None:
    both = [Guarded("test"), Guarded("test")]
    for guarded in both:
        assert not guarded.folder.exists()
        guarded.start([])
        guarded.wait_for_folder()
        assert guarded.folder.lstat().st_mode & 0o777 == 0o700
    assert both[0].folder != both[1].folder
    for guarded in both:
        guarded.stop()
    assert list(shared.iterdir()) == []


@pytest.mark.parametrize("told", ["nothing", "all"])
def test_an_owner_that_ends_at_any_moment_of_the_start_leaves_no_folder(shared: Path, told: str) -> None:
    """SIGKILL included: what makes the folder is what removes it."""
    begin = (
        "import subprocess, sys, os; from stampede.processes import guarded as l; g = l.Guarded('test')\n"
        f"{'l._told = lambda words: bytes(2)' if told == 'nothing' else ''}\n"
        "g.start([]); os.kill(os.getpid(), 9)"
    )
    for _ in range(5):
        ended = subprocess.run([sys.executable, "-c", begin], env=os.environ | {"TMPDIR": str(shared)}, check=False)
        assert ended.returncode == -signal.SIGKILL
    deadline = time.monotonic() + 20
    while lifelines_in(shared) or list(shared.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.005)


def lifelines_in(folder: Path) -> bool:
    """Whether a lifeline may still make a folder there."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (
                b"lifeline.py" in (process / "cmdline").read_bytes()
                and bytes(folder) in (process / "environ").read_bytes()
            ):
                return True
        except OSError:
            continue
    return False


@pytest.mark.parametrize("planted", ["a link to a folder", "a folder for everybody", "a stranger's folder"])
def test_what_is_not_ours_alone_is_refused_and_left_alone(shared: Path, tmp_path: Path, planted: str) -> None:
    target = tmp_path / "target"
    target.mkdir(mode=0o700)
    (target / "kept").touch()
    folder = shared / "stampede-test-planted"
    if planted == "a link to a folder":
        folder.symlink_to(target)
    else:
        folder.mkdir(mode=0o700)
        folder.chmod(0o777 if planted == "a folder for everybody" else 0o700)
        if planted == "a stranger's folder":
            if os.geteuid() != 0:
                pytest.skip("only root can give a folder away")
            os.chown(folder, NOBODY, NOBODY)
    before = sorted(shared.rglob("*"))
    assert lifeline.run(folder, [sys.executable, "-c", "print('mine')"]) == 1
    assert sorted(shared.rglob("*")) == before
    assert os.listdir(target) == ["kept"]


def test_a_temporary_folder_that_cannot_be_made_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with pytest.raises(EnvironmentFault, match=r"^no temporary folder can be made \(No such file or directory\)"):
        Guarded("test")

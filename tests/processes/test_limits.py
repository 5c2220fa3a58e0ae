"""As many files, processes and bytes as the machine gives, and a clear word when they are too few."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys

import pytest

from stampede.core.errors import ENVIRONMENT, EnvironmentFault
from stampede.processes.limits import raise_open_files, require_memory, require_open_files

MORE_THAN_ANY_KERNEL_HAS = 1 << 40


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, before[0]), before[1]))
        assert raise_open_files() == before[1]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_too_low_a_limit_is_named_with_what_is_needed_and_how_to_raise_it() -> None:
    limit = raise_open_files()
    with pytest.raises(EnvironmentFault) as caught:
        require_open_files(MORE_THAN_ANY_KERNEL_HAS, "such a burst")
    assert str(caught.value) == (
        f"such a burst needs {MORE_THAN_ANY_KERNEL_HAS} open files a process, the limit is {limit}: "
        f"raise it with 'ulimit -n {MORE_THAN_ANY_KERNEL_HAS}'"
    )
    assert caught.value.exit_code == ENVIRONMENT


def test_enough_is_enough() -> None:
    require_open_files(raise_open_files(), "this")


AS_A_USER = """
import os, resource
from stampede.core.errors import EnvironmentFault
from stampede.processes.limits import require_processes
if not os.geteuid():
    os.setuid(65534)  # root is not bound by the limit
resource.setrlimit(resource.RLIMIT_NPROC, (40, resource.getrlimit(resource.RLIMIT_NPROC)[1]))
require_processes(1, "little")
try:
    require_processes(41, "such a fleet")
except EnvironmentFault as fault:
    print(fault)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="a user who runs much else may have too many processes already")
def test_more_processes_than_may_be_started_are_refused() -> None:
    ended = subprocess.run([sys.executable, "-c", AS_A_USER], capture_output=True, text=True, timeout=60, check=True)
    assert re.fullmatch(
        r"such a fleet needs 41 processes, and \d\d more may be started: ask for less\n", ended.stdout
    ), ended


def test_more_memory_than_there_is_is_refused() -> None:
    require_memory(1, "little")
    with pytest.raises(EnvironmentFault, match=r"such a fleet needs about 1,048,576\.0 GiB of memory, and .* are"):
        require_memory(1024**5, "such a fleet")

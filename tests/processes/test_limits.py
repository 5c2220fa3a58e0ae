"""Open files: as many as the machine gives, and a clear word when they are too few."""

from __future__ import annotations

import resource

import pytest

from stampede.core.errors import ENVIRONMENT, EnvironmentFault
from stampede.processes.limits import raise_open_files, require_open_files

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

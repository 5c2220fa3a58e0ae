"""What the machine gives: open files, processes, memory; and a clear word before the run, where it is too little."""

from __future__ import annotations

import contextlib
import os
import resource
from pathlib import Path

from stampede.core.errors import EnvironmentFault

GIB = 1024**3


def raise_open_files() -> int:
    """Raise the soft limit to the hard one; returns what is in force."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def require_open_files(needed: int, what: str) -> None:
    """Check before the run. Raises EnvironmentFault that names the limit."""
    limit = raise_open_files()
    if limit != resource.RLIM_INFINITY and needed > limit:
        raise EnvironmentFault(
            f"{what} needs {needed} open files a process, the limit is {limit}: raise it with 'ulimit -n {needed}'"
        )


def require_processes(needed: int, what: str) -> None:
    """Check before the run, as far as the system tells. Raises EnvironmentFault that names what is left."""
    left = _processes_left()
    if left is not None and needed > left:
        raise EnvironmentFault(
            f"{what} needs {needed:,} processes, and {max(0, left):,} more may be started: ask for less"
        )


def require_memory(needed: int, what: str) -> None:
    """Check before the run, as far as the system tells; in bytes. Raises EnvironmentFault that names what is left."""
    left = _memory_left()
    if left is not None and needed > left:
        raise EnvironmentFault(
            f"{what} needs about {needed / GIB:,.1f} GiB of memory, and {left / GIB:,.1f} are available: ask for less"
        )


def _processes_left() -> int | None:
    lefts = [_number("/sys/fs/cgroup/pids.max", minus="/sys/fs/cgroup/pids.current")]
    running = _running()
    if running is not None:
        everybodys, ours = running
        most = _number("/proc/sys/kernel/pid_max")
        lefts.append(None if most is None else most - everybodys)
        limit = resource.getrlimit(resource.RLIMIT_NPROC)[0]
        if limit != resource.RLIM_INFINITY and os.geteuid():  # root is not bound by it
            lefts.append(limit - ours)
    return min((left for left in lefts if left is not None), default=None)


def _running() -> tuple[int, int] | None:
    """Threads that run on the machine: everybody's, and our user's. None where there is no /proc."""
    everybodys = ours = 0
    try:
        for process in os.scandir("/proc"):
            with contextlib.suppress(OSError):  # it has just ended
                if process.name.isdigit():
                    threads = len(os.listdir(f"/proc/{process.name}/task"))
                    everybodys += threads
                    ours += threads * (process.stat().st_uid == os.getuid())
    except OSError:
        return None
    return everybodys, ours


def _memory_left() -> int | None:
    lefts = [_number("/sys/fs/cgroup/memory.max", minus="/sys/fs/cgroup/memory.current")]
    with contextlib.suppress(OSError):
        lines = Path("/proc/meminfo").read_text().splitlines()
        lefts += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    return min((left for left in lefts if left is not None), default=None)


def _number(file: str, minus: str | None = None) -> int | None:
    """What stands in a file of the kernel; None: there is none, or no limit."""
    try:
        return int(Path(file).read_text()) - ((_number(minus) or 0) if minus else 0)
    except (OSError, ValueError):
        return None

"""Open files: raise the soft limit, and say clearly when even the hard one is too low."""

from __future__ import annotations

import contextlib
import resource

from stampede.core.errors import EnvironmentFault


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

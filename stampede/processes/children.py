"""What a process that we start is given: no module of the working directory, and no secret of our environment."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

SAFE_PATH = {"PYTHONSAFEPATH": "1"}
"""Keeps the working directory, where anybody may have put a `json.py`, from where a Python looks for modules."""

_NEEDED = re.compile(
    r"PATH|HOME|USER|LOGNAME|TMPDIR|TZ|LANG|LANGUAGE|LC_\w+|VIRTUAL_ENV|PYTHON\w+|LD_LIBRARY_PATH|DYLD_\w+"
    r"|SSL_CERT_(FILE|DIR)|(OMP|OPENBLAS|MKL)_NUM_THREADS"
)


def environment() -> dict[str, str]:
    """What a server, or an instance, needs of our environment: where things are, and how text is written."""
    return {name: value for name, value in os.environ.items() if _NEEDED.fullmatch(name)} | SAFE_PATH


@contextmanager
def only_what_children_need() -> Iterator[None]:
    """Have no more than that in our environment, for a start that takes it from there."""
    whole = dict(os.environ)
    needed = environment()
    for name in whole.keys() - needed.keys():
        del os.environ[name]
    os.environ.update(needed)
    try:
        yield
    finally:
        os.environ.update(whole)
        for name in needed.keys() - whole.keys():
            del os.environ[name]

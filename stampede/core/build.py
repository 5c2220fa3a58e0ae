"""Which stampede this process runs."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from pathlib import Path

import stampede
from stampede.core.errors import EnvironmentFault


@cache
def own_build() -> str:
    """Where this code is, and a fingerprint of its files as they were when this was called first."""
    folder = Path(stampede.__file__).resolve().parent
    files = sorted(folder.rglob("*.py"))
    seen = [
        (str(file.relative_to(folder)), status.st_size, status.st_mtime_ns)
        for file in files
        if (status := file.stat())
    ]
    return f"{folder} {blake2b(repr(seen).encode(), digest_size=6).hexdigest()}"


def require_same_build(theirs: str) -> None:
    """Raises EnvironmentFault: who started this process runs other code than it does itself."""
    ours = own_build()
    if theirs != ours:
        folder, _, _ = ours.rpartition(" ")
        other, _, _ = theirs.rpartition(" ")
        raise EnvironmentFault(
            f"{folder} was changed while stampede started: start it again"
            if folder == other
            else f"two installations of stampede are mixed, {other} and {folder}: uninstall one of them"
        )

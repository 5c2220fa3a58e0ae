"""The one place that writes files: whole or not at all."""

from __future__ import annotations

import importlib
import os
import pkgutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from stampede.core.errors import ExportFailed, UsageError
from stampede.measure.run import Run
from stampede.reports import formats
from stampede.reports.formats import requests
from stampede.reports.requests import Recorded


def _endings(folder: ModuleType) -> tuple[str, ...]:
    """The formats that have a file there."""
    return tuple(module.name for module in pkgutil.iter_modules(folder.__path__) if not module.ispkg)


EXPORTS = _endings(formats)
REQUESTS = _endings(requests)


def check(path: Path, endings: Iterable[str]) -> None:
    """Find out before the run whether the file can be written afterwards.

    Raises:
        UsageError: the ending is unknown, or the path is a folder.
        ExportFailed: the folder cannot be written to, or the format needs a package that is not installed.
    """
    known = " ".join("." + ending for ending in endings)
    if _ending(path) not in endings:
        raise UsageError(f"cannot export to '{path}': the ending says the format, one of {known}")
    if path.is_dir():
        raise UsageError(f"cannot export to '{path}': it is a folder")
    package, extra = getattr(_format_of(formats, path), "NEEDS", (None, None)) if endings is EXPORTS else (None, None)
    if package and find_spec(package) is None:
        raise ExportFailed(
            f"cannot export to '{path}': {package} is not installed: pip install 'stampede-bench[{extra}]'"
        )
    existing = next(parent for parent in path.absolute().parents if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        raise ExportFailed(f"cannot export to '{path}': {existing}: {error.strerror}") from None


def export(run: Run, path: Path) -> None:
    """Write the run in the format of the path's ending. Raises ExportFailed."""
    write(path, [_format_of(formats, path).render(run)])


def export_requests(recorded: Recorded, path: Path) -> None:
    """Write every request in the format of the path's ending. Raises ExportFailed."""
    write(path, _format_of(requests, path).render(recorded))


def _format_of(folder: ModuleType, path: Path) -> Any:
    return importlib.import_module(f"{folder.__name__}.{_ending(path)}")


def _ending(path: Path) -> str:
    return path.suffix.removeprefix(".").lower()


def write(path: Path, pieces: Iterable[bytes]) -> None:
    """Write atomically, and create missing folders. Raises ExportFailed; then the old file is as it was."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _replacing(path) as descriptor, os.fdopen(descriptor, "wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ExportFailed(f"cannot write '{path}': {error.strerror}: free some space or name another path") from None


@contextmanager
def _replacing(path: Path) -> Iterator[int]:
    """A temporary file beside the target that takes its place at the end, and goes away on any failure."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        yield descriptor
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask

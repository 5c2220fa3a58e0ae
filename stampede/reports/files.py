"""The one place that writes files: whole or not at all."""

from __future__ import annotations

import errno
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
    modules = pkgutil.iter_modules(folder.__path__)
    return tuple(module.name.replace("_", ".") for module in modules if not module.ispkg)


STDOUT = Path("/dev/stdout")
RATIOS = ("ratios.csv",)
"""Of a comparison only."""
COMPARED = _endings(formats)
EXPORTS = tuple(ending for ending in COMPARED if ending not in RATIOS)
REQUESTS = _endings(requests)


def check(path: Path, endings: Iterable[str]) -> None:
    """Find out before the run whether the file can be written afterwards.

    Raises:
        UsageError: the ending is unknown, the path is a folder, or its folder does not exist.
        ExportFailed: the folder cannot be written to, or the format needs a package that is not installed.
    """
    known = " ".join("." + ending for ending in endings)
    if ending_of(path) not in endings:
        only = " (only stampede compare has ratios)" if ending_of(path) in RATIOS else ""
        raise UsageError(f"cannot export to '{path}': the ending says the format, one of {known}{only}")
    package, extra = _needs(path) if endings in (EXPORTS, COMPARED) else (None, None)
    if package and find_spec(package) is None:
        raise ExportFailed(
            f"cannot export to '{path}': {package} is not installed: pip install 'stampede-bench[{extra}]'"
        )
    if is_stdout(path):
        return
    target = _target(path)
    _check_place(path, target)
    try:
        if _is_device(target):
            if not os.access(target, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        else:
            with tempfile.TemporaryFile(dir=target.parent):
                pass
    except OSError as error:
        raise ExportFailed(f"cannot export to '{path}': {target.parent}: {error.strerror}") from None


def _check_place(path: Path, target: Path) -> None:
    try:
        if target.is_dir():
            raise UsageError(f"cannot export to '{path}': it is a folder")
        if not target.parent.is_dir():
            raise UsageError(f"cannot export to '{path}': there is no folder '{path.parent}': make it first")
    except OSError as error:  # a name that no file system takes
        raise UsageError(f"cannot export to '{path}': {error.strerror}") from None


def can_be_replaced(path: Path) -> bool:
    """Whether it is a file, or nothing yet: what is written into a pipe or a device cannot be taken back."""
    return not _is_device(_target(path))


def _target(path: Path) -> Path:
    """Where a link leads; a link itself is the user's, and stays. A link to an open pipe leads to no name."""
    target = Path(os.path.realpath(path))
    return path if os.path.exists(path) and not os.path.exists(target) else target


def _is_device(target: Path) -> bool:
    return target.exists() and not target.is_file() and not target.is_dir()


def _needs(path: Path) -> tuple[str | None, str | None]:
    """The package that the format needs, and the extra that has it."""
    found: tuple[str | None, str | None] = getattr(_format_of(formats, path), "NEEDS", (None, None))
    return found


def is_stdout(path: Path) -> bool:
    """Whether it stands for standard output: `-` and `/dev/stdout`, which are JSON, or `-.csv`."""
    return path == STDOUT or (path.parent == Path() and path.name.partition(".")[0] == "-")


def export(run: Run, path: Path) -> None:
    """Write the run in the format of the path's ending. Raises ExportFailed."""
    write(path, [rendered(run, path)])


def rendered(run: Run, path: Path) -> bytes:
    """What belongs there. Raises ExportFailed."""
    content: bytes = _format_of(formats, path).render(run)
    return content


def export_requests(recorded: Recorded, path: Path) -> None:
    """Write every request in the format of the path's ending. Raises ExportFailed."""
    write(path, _format_of(requests, path).render(recorded))


def _format_of(folder: ModuleType, path: Path) -> Any:
    return importlib.import_module(f"{folder.__name__}.{ending_of(path).replace('.', '_')}")


def ending_of(path: Path) -> str:
    """The ending that says the format: `csv`, or `ratios.csv`."""
    name = path.name.lower()
    if name == "-" or path == STDOUT:
        return "json"
    return next((e for e in RATIOS if name.endswith(f".{e}")), path.suffix.removeprefix(".").lower())


def write(path: Path, pieces: Iterable[bytes]) -> None:
    """Write atomically; into a pipe or a device, directly. Raises ExportFailed; then an old file is as it was."""
    try:
        target = _target(path)
        if _is_device(target):
            with os.fdopen(_connected(target), "wb") as pipe:
                pipe.writelines(pieces)
            return
        with _replacing(target) as descriptor, os.fdopen(descriptor, "wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        why = "nobody reads from it" if error.errno == errno.ENXIO else error.strerror
        raise ExportFailed(f"cannot write '{path}': {why}: free some space or name another path") from None


def _connected(pipe: Path) -> int:
    """A descriptor to write into a pipe or a device; ENXIO, instead of waiting, if nobody reads the pipe."""
    descriptor = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    os.set_blocking(descriptor, True)
    return descriptor


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

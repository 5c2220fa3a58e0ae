"""What is written in a test, read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from stampede.core.errors import UsageError

T = TypeVar("T")


def parsed(parse: Callable[[str], T], text: str) -> T:
    """What was written in the test; a mistake in it is shown at the test's line, without the parser's frames."""
    __tracebackhide__ = True
    try:
        return parse(text)
    except UsageError as error:
        raise error.with_traceback(None) from None

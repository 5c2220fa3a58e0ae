"""Values out of entries."""

from __future__ import annotations

import weakref
from typing import Any

from stampede.core.model import Entry
from stampede.library.codecs import Coder


class Reader:
    """Reads an entry once for all who were given the same one, if its value cannot be changed; else for each."""

    def __init__(self) -> None:
        self._read: dict[int, tuple[weakref.ref[Entry], Coder, Any]] = {}

    def value(self, coder: Coder, entry: Entry) -> Any:
        """What the entry holds. Raises one of UNFIT."""
        if not coder.shared:
            return coder.decode(entry.value)
        number = id(entry)
        known = self._read.get(number)
        if known is not None and known[1] is coder:
            return known[2]
        value = coder.decode(entry.value)
        forget = weakref.ref(entry, lambda gone: self._forget(number, gone))
        self._read[number] = forget, coder, value
        return value

    def _forget(self, number: int, gone: weakref.ref[Entry]) -> None:
        known = self._read.get(number)
        if known is not None and known[0] is gone:  # not another entry's that has come in the same place
            del self._read[number]

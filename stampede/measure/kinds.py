"""Error messages by kind: what differs in numbers and names only is one thing that happened many times."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_VARIABLE = re.compile(r"""'[^']*'|"[^"]*"|[^\s'"]*\d[^\s'"]*""")


class Kinds:
    """Counts messages; each kind is shown by the first of them."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}
        self.counts: dict[str, int] = {}

    def add(self, message: str, count: int = 1) -> None:
        """Count a message, `count` times."""
        first = self._first.setdefault(_VARIABLE.sub("…", message), message)
        self.counts[first] = self.counts.get(first, 0) + count


def by_kind(counted: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Many counts of messages as one."""
    kinds = Kinds()
    for messages in counted:
        for message, count in messages.items():
            kinds.add(message, count)
    return kinds.counts

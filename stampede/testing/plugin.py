"""The entry point of pytest. It is imported by every pytest of its environment, so it imports nothing itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stampede.testing.bursts import Stampede


@pytest.fixture
def stampede() -> Stampede:
    """Fire true bursts at your cache: `stampede.loader(latency="50ms")`, `stampede.burst(call)`, `burst.check()`."""
    from stampede.testing.bursts import Stampede

    return Stampede()

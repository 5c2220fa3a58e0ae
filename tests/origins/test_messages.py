"""What fits into one message."""

from __future__ import annotations

from random import Random

from stampede.origins.messages import MAX_FRAME, Reply, encode
from stampede.origins.window import Seen
from stampede.scenario.checking import MOST_REQUESTS

LOADS = 10_000


def test_what_is_seen_of_the_most_loads_that_may_be_asked_for_fits() -> None:
    random = Random(1)
    names = [f"t999:{random.randrange(1_000_000)}" for _ in range(LOADS)]
    changes = [(random.random() * 1e6, 1_000_000, 19_000_000) for _ in range(2 * LOADS)]
    loads = [(name, random.random() * 1e6, random.random() * 1e6) for name in names]
    seen = Seen(hits=dict.fromkeys(names, 1), peak_in_flight=1, peak_queued=1, timeline=changes, loads=loads)
    assert len(encode([Reply(1, seen=seen)])) * MOST_REQUESTS / LOADS <= MAX_FRAME

"""A pytest plugin: true bursts at your own cache, in front of a counted, slow loader."""

from __future__ import annotations


class SmearedBurst(UserWarning):
    """The callers of a burst arrived over more than a tenth of a load: the figures may flatter the cache."""

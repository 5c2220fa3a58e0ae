"""The tracks as an application asks for them: one by its number, or a page of them."""

from __future__ import annotations

from collections.abc import Callable

from stampede.core.errors import LoadError
from stampede.core.model import NOT_FOUND
from stampede.origins.tracks import Tracks

_ONE = "select * from tracks where TrackId = ?"
_PAGE = "select * from tracks order by TrackId limit ? offset ?"


def track(number: int) -> str:
    """The key of one track."""
    return f"track:{number}"


def page(limit: int, offset: int) -> str:
    """The key of so many tracks, after the first `offset` of them."""
    return f"tracks:{limit}:{offset}"


class Catalogue:
    """Answers these keys."""

    def __init__(self, tracks: Tracks) -> None:
        self._tracks = tracks
        self._answers: dict[str, Callable[..., bytes]] = {"track": self._one, "tracks": self._page}

    def select(self, key: str) -> bytes:
        """A track or `null`, or a list of tracks, as JSON text. Raises LoadError: it is no key of a catalogue."""
        kind, *numbers = key.split(":")
        try:
            return self._answers[kind](*map(int, numbers))
        except (KeyError, TypeError, ValueError):
            raise LoadError(f"the database knows no '{key}'") from None

    def _one(self, number: int) -> bytes:
        found = self._tracks.query(_ONE, number)
        return found[1:-1] or NOT_FOUND

    def _page(self, limit: int, offset: int) -> bytes:
        return self._tracks.query(_PAGE, limit, offset)

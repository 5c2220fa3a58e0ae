"""The seeded `tracks` table."""

from __future__ import annotations

import contextlib
import json

from hypothesis import given
from hypothesis import strategies as st

from stampede.origins.tracks import COLUMNS, ROWS, Tracks, rows

CHINOOK = [
    "TrackId",
    "Name",
    "AlbumId",
    "MediaTypeId",
    "GenreId",
    "Composer",
    "Milliseconds",
    "Bytes",
    "UnitPrice",
]
TRACKS = Tracks()


def test_the_table_has_the_shape_of_the_chinook_sample() -> None:
    table = rows()
    assert len(table) == ROWS == 3503
    assert list(COLUMNS) == CHINOOK
    assert [row[0] for row in table] == list(range(1, 3504))
    assert all(len(row) == len(CHINOOK) and None not in row for row in table)


def test_the_rows_are_the_same_for_the_same_seed_only() -> None:
    assert rows(1) == rows(1)
    assert rows(1) != rows(2)


@given(st.text(max_size=20))
def test_every_key_selects_ten_tracks_in_a_row(key: str) -> None:
    tracks = json.loads(TRACKS.select(key))
    assert [list(track) for track in tracks] == [CHINOOK] * 10
    first = tracks[0]["TrackId"]
    assert [track["TrackId"] for track in tracks] == list(range(first, first + 10))


def test_a_key_selects_the_same_tracks_in_every_process() -> None:
    with contextlib.closing(Tracks()) as others:
        assert TRACKS.select("t0:0") == others.select("t0:0")
    assert len({TRACKS.select(f"t0:{number}") for number in range(50)}) > 40

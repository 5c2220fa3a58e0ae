"""The `tracks` table, in the shape of the Chinook sample database, with seeded rows of our own."""

from __future__ import annotations

import sqlite3
from random import Random
from zlib import crc32

import msgspec

ROWS = 3503
COLUMNS = (
    "TrackId",
    "Name",
    "AlbumId",
    "MediaTypeId",
    "GenreId",
    "Composer",
    "Milliseconds",
    "Bytes",
    "UnitPrice",
)
SCHEMA = """
create table tracks (
    TrackId integer primary key,
    Name varchar(200) not null,
    AlbumId integer,
    MediaTypeId integer not null,
    GenreId integer,
    Composer varchar(220),
    Milliseconds integer not null,
    Bytes integer,
    UnitPrice numeric(10, 2) not null
)
"""
_QUERY = "select * from tracks where TrackId > ? order by TrackId limit 10"
_ADJECTIVES = [
    "Amber",
    "Blue",
    "Broken",
    "Distant",
    "Electric",
    "Frozen",
    "Golden",
    "Hidden",
    "Iron",
    "Lonely",
    "Midnight",
    "Paper",
    "Silent",
    "Velvet",
]
_NOUNS = [
    "Avenue",
    "Bridge",
    "Cloud",
    "Dancer",
    "Engine",
    "Garden",
    "Harbour",
    "Lantern",
    "Mirror",
    "Ocean",
    "River",
    "Shadow",
    "Station",
    "Winter",
]
_PEOPLE = [
    "A. Moreau",
    "B. Lindqvist",
    "C. Okafor",
    "D. Yamamoto",
    "E. Castellanos",
    "F. Novak",
    "G. Haddad",
    "H. Oduya",
]


def rows(seed: int = 1) -> list[tuple[object, ...]]:
    """All rows of the table, the same for the same seed."""
    random = Random(seed)
    table: list[tuple[object, ...]] = []
    for track in range(1, ROWS + 1):
        length = random.randint(90_000, 420_000)
        composers = ", ".join(random.sample(_PEOPLE, random.randint(1, 3)))
        table.append(
            (
                track,
                f"{random.choice(_ADJECTIVES)} {random.choice(_NOUNS)}",
                1 + track // 10,
                random.randint(1, 5),
                random.randint(1, 25),
                composers,
                length,
                length * random.randint(28, 36),
                random.choice((0.99, 1.99)),
            )
        )
    return table


class Tracks:
    """The table in an SQLite database in memory."""

    def __init__(self, seed: int = 1) -> None:
        self._answers: dict[int, bytes] = {}
        self._connection = sqlite3.connect(":memory:")
        self._connection.execute(SCHEMA)
        marks = ",".join("?" * len(COLUMNS))
        self._connection.executemany(f"insert into tracks values ({marks})", rows(seed))

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def select(self, key: str) -> bytes:
        """Ten tracks, chosen by the key, as JSON text: a real query the first time, remembered from then on.

        The latency is drawn, not earned: a query for each of thousands of loads that end at once would lengthen it.
        """
        after = crc32(key.encode()) % (ROWS - 10)
        if (answer := self._answers.get(after)) is None:
            answer = self._answers[after] = self.query(_QUERY, after)
        return answer

    def query(self, sql: str, *values: int) -> bytes:
        """The rows of a query for whole tracks, as JSON text: a list of objects."""
        found = self._connection.execute(sql, values)
        return msgspec.json.encode([dict(zip(COLUMNS, row, strict=True)) for row in found])

"""Tracks as an application asks for them."""

from __future__ import annotations

import json

import pytest

from stampede.core.errors import LoadError
from stampede.core.model import NOT_FOUND
from stampede.origins import catalogue
from stampede.origins.catalogue import Catalogue
from stampede.origins.tracks import COLUMNS, ROWS, Tracks, rows

CATALOGUE = Catalogue(Tracks())


def test_a_number_has_its_row_or_none() -> None:
    assert json.loads(CATALOGUE.select(catalogue.track(ROWS))) == dict(zip(COLUMNS, rows()[-1], strict=True))
    assert CATALOGUE.select(catalogue.track(ROWS + 1)) == NOT_FOUND


def test_a_page_has_the_rows_after_its_offset() -> None:
    page = json.loads(CATALOGUE.select(catalogue.page(5, 7)))
    assert [each["TrackId"] for each in page] == [8, 9, 10, 11, 12]
    assert CATALOGUE.select(catalogue.page(5, ROWS)) == b"[]"


@pytest.mark.parametrize("key", ["", "track", "track:x", "track:1:2", "tracks:1", "album:1"])
def test_what_is_no_key_is_an_error_of_its_own(key: str) -> None:
    with pytest.raises(LoadError, match=f"the database knows no '{key}'"):
        CATALOGUE.select(key)

"""Columns that belong together, in what is saved."""

from __future__ import annotations

from collections.abc import Sized


def check_lengths(*columns: Sized) -> None:
    """Raise ValueError unless all columns are equally long, and have something in them."""
    lengths = {len(column) for column in columns}
    if len(lengths) > 1 or not min(lengths):
        raise ValueError(f"columns must be equally long and not empty, and have {sorted(lengths)} rows")

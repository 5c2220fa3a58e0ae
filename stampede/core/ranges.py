"""The ranges of numeric parameters."""

from __future__ import annotations

from typing import Annotated

import msgspec

Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
"""How many of something: more than a million of anything fits no machine."""

Positive = Annotated[float, msgspec.Meta(gt=0, le=1_000_000)]
Fraction = Annotated[float, msgspec.Meta(gt=0, lt=1)]
Part = Annotated[float, msgspec.Meta(gt=0, le=1)]

"""What may follow in an incomplete spec, for shells."""

from __future__ import annotations

from stampede.core import registry
from stampede.core.errors import PluginBroken, UsageError
from stampede.core.spec import Call
from stampede.protection.strategy import Strategy, family_of


def continuations(text: str) -> list[str]:
    """All ways to go on with a spec up to its next name or parameter; the spec itself if it could end here.

    After a `+` only what may still be added is offered, so a part of a family that is named already, or that cannot
    go with another one, is left out. Parameters come with their defaults, to be edited.
    """
    before, plus, part = text.rpartition("+")
    if "(" in part:
        found = [before + plus + each for each in _in_brackets(part)]
    else:
        names = [name for family in registry.STRATEGY_FAMILIES for name in registry.names(family)]
        found = [before + plus + name for name in names if name.startswith(part)]
    return [each for each in found if _is_strategy(each)]


def _in_brackets(part: str) -> list[str]:
    """The part with one more parameter, or closed. Nothing if there is no such part."""
    if part.endswith(")"):
        return [part]
    given, begun = _split_last(part)
    if "=" in begun:
        return [part + ")"]
    name, _, written = given.partition("(")
    try:
        plugin = registry.load(family_of(Call(name), name), name)
    except (UsageError, PluginBroken):
        return []
    taken = {each.partition("=")[0] for each in written.split(",")}
    return [
        f"{given}{each}={default})"
        for each, default in registry.parameters(plugin).items()
        if each.startswith(begun) and each not in taken
    ]


def _split_last(part: str) -> tuple[str, str]:
    """`redis-lock(lease=5s,po` as `redis-lock(lease=5s,` and `po`."""
    end = max(part.rfind("("), part.rfind(",")) + 1
    return part[:end], part[end:]


def _is_strategy(text: str) -> bool:
    try:
        Strategy.parse(text)
    except (UsageError, PluginBroken):
        return False
    return True

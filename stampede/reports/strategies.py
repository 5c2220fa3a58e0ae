"""The README's table of who may load, from what the choices declare: `python -m stampede.reports.strategies`."""

from __future__ import annotations

from stampede.core import registry
from stampede.protection.promise import Promise, Scope

_ORDER = (Scope.CALLER, Scope.INSTANCE, Scope.FLEET)
_HEAD = (
    "| who may load | loads per expiry | how the others wait | an invalidation during a load | without Redis |\n"
    "|---|---|---|---|---|"
)


def table() -> str:
    """One row for each choice, in Markdown; the fewer may load, the lower."""
    promises = {name: registry.load("coalescing", name).promise for name in registry.names("coalescing")}
    ordered = sorted(promises, key=lambda name: (_ORDER.index(promises[name].loads), name == "two-level", name))
    return "\n".join([_HEAD, *(_row(name, promises[name]) for name in ordered)])


def _row(name: str, promise: Promise) -> str:
    won = "wins" if promise.fenced else "loses"
    return f"| `{name}` | {promise.loads.value} | {promise.waiting} | {won} | {promise.without_store.value} |"


if __name__ == "__main__":
    print(table())

"""Plug-ins that a scenario names by a call, as `poisson(rate=500,duration=10s)`: laws and faults."""

from __future__ import annotations

from dataclasses import Field, dataclass
from typing import Any, ClassVar, Self, TypeVar, dataclass_transform

from stampede.core import registry
from stampede.core.spec import Call

T = TypeVar("T")


def as_text(cls: type[T]) -> type[T]:
    """Have instances of a dataclass written as their `str()`: msgspec would write one field by field."""
    del cls.__dataclass_fields__  # type: ignore[attr-defined]
    return cls


@dataclass_transform()
class Plugin:
    """A subclass is a dataclass whose fields are its parameters; `str()` gives the call as it was written.

    `family` is that of the registry, and is set by the class that all plug-ins of a family have in common.
    """

    family: ClassVar[str]
    parameters: ClassVar[dict[str, Field[Any]]] = {}
    _call: Call | None = None

    def __init_subclass__(cls) -> None:
        dataclass(cls)
        cls.parameters = cls.__dict__["__dataclass_fields__"]
        as_text(cls)

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read a call of this family. Raises UsageError."""
        call = Call.parse(str(text))
        plugin = registry.load(cls.family, call.name)
        made: Self = plugin(**registry.convert(plugin, call.name, call.params))
        made._call = call
        return made

    @classmethod
    def foreign(cls, text: object) -> Self:
        """One that is not installed here, by its name: it can be shown, and nothing else."""
        made = cls()
        made._call = Call(str(text))
        return made

    def __str__(self) -> str:
        return str(self._call or self._as_call())

    def _as_call(self) -> Call:
        """The call for one that was made in code, without what is default."""
        values = {name: getattr(self, name) for name, field in self.parameters.items() if field.init}
        given = {name: value for name, value in values.items() if value != self.parameters[name].default}
        return Call(registry.name_of(type(self)), {k.replace("_", "-"): _written(v) for k, v in given.items()})


def _written(value: object) -> str:
    return f"{value:g}" if type(value) is float else str(value)

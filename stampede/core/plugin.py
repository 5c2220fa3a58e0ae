"""Plug-ins that a scenario names by a call, as `poisson(rate=500,duration=10s)`: laws and faults."""

from __future__ import annotations

from dataclasses import Field, dataclass, field, fields, replace
from typing import Any, ClassVar, Self, TypeVar, dataclass_transform

from stampede.core import registry
from stampede.core.spec import Call

T = TypeVar("T")


def as_text(cls: type[T]) -> type[T]:
    """Have instances of a dataclass written as their `str()`: msgspec would write one field by field."""
    del cls.__dataclass_fields__  # type: ignore[attr-defined]
    return cls


@dataclass_transform(eq_default=False, frozen_default=True)
@as_text
@dataclass(frozen=True, eq=False)
class Plugin:
    """A subclass becomes a frozen dataclass, its fields the parameters; `str()` gives the call as it was written.

    Two are equal whose parameters are, however they were written. `family` is that of the registry, and is set by
    the class that all plug-ins of a family have in common.
    """

    family: ClassVar[str]
    parameters: ClassVar[dict[str, Field[Any]]] = {}
    _call: Call | None = field(default=None, init=False, repr=False)

    def __init_subclass__(cls) -> None:
        base: Any = cls.__bases__[0]
        base.__dataclass_fields__ = base.parameters  # lent: a dataclass looks there for what it inherits
        dataclass(frozen=True, eq=False)(cls)
        as_text(base)
        cls.parameters = {each.name: each for each in fields(cls) if each.init}
        as_text(cls)

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read a call of this family. Raises UsageError."""
        call = Call.parse(str(text))
        plugin = registry.load(cls.family, call.name)
        made: Self = plugin(**registry.convert(plugin, call.name, call.params))
        return made._written_as(call)

    @classmethod
    def foreign(cls, text: object) -> Self:
        """One that is not installed here, by its name: it can be shown, and nothing else."""
        return cls()._written_as(Call(str(text)))

    def changed(self, parameter: str, value: object) -> Self:
        """The same with another value of one parameter. Raises UsageError."""
        call = self._call or self._as_call()
        return self.parse(replace(call, params={**call.params, parameter: _written(value)}))

    def _written_as(self, call: Call) -> Self:
        object.__setattr__(self, "_call", call)
        return self

    def __str__(self) -> str:
        return str(self._call or self._as_call())

    def _as_call(self) -> Call:
        """The call for one that was made in code, without what is default."""
        given = {name: value for name, value in self._values().items() if value != self.parameters[name].default}
        return Call(registry.name_of(type(self)), {k.replace("_", "-"): _written(v) for k, v in given.items()})

    def _values(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.parameters}

    def _identity(self) -> tuple[object, ...]:
        # Of one without parameters, or that is foreign, the text is all there is.
        return type(self), *(self._values().values() or [str(self)])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plugin) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())


def _written(value: object) -> str:
    """As the grammar reads it back: it knows no `+`, so 1e+06 is written 1000000."""
    return f"{value:.0f}" if type(value) is float and value.is_integer() else str(value)

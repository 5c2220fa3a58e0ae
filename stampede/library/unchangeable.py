"""Which types have values that nobody can change, so that callers may share one."""

from __future__ import annotations

from typing import Any

from msgspec import inspect


def unchangeable(type: Any) -> bool:
    """Whether no value of the type can be changed. Raises TypeError: msgspec does not know the type."""
    return _frozen(inspect.type_info(type), set())


_SCALARS = (
    inspect.NoneType,
    inspect.BoolType,
    inspect.IntType,
    inspect.FloatType,
    inspect.StrType,
    inspect.BytesType,
    inspect.DecimalType,
    inspect.UUIDType,
    inspect.DateTimeType,
    inspect.DateType,
    inspect.TimeType,
    inspect.TimeDeltaType,
    inspect.EnumType,
    inspect.LiteralType,
)


def _frozen(info: inspect.Type, seen: set[Any]) -> bool:
    """`seen`: classes that are being looked at, whose own fields may hold them again."""
    if isinstance(info, _SCALARS):
        return True
    if isinstance(info, inspect.Metadata):
        return _frozen(info.type, seen)
    if isinstance(info, inspect.UnionType):
        return all(_frozen(each, seen) for each in info.types)
    if isinstance(info, inspect.TupleType):
        return all(_frozen(each, seen) for each in info.item_types)
    if isinstance(info, (inspect.VarTupleType, inspect.FrozenSetType)):
        return _frozen(info.item_type, seen)
    if isinstance(info, (inspect.StructType, inspect.DataclassType, inspect.NamedTupleType)):
        if info.cls in seen:
            return True
        seen.add(info.cls)
        return _is_frozen(info) and all(_frozen(field.type, seen) for field in info.fields)
    return False


def _is_frozen(info: inspect.StructType | inspect.DataclassType | inspect.NamedTupleType) -> bool:
    if isinstance(info, inspect.StructType):
        return info.cls.__struct_config__.frozen
    if isinstance(info, inspect.DataclassType):
        return bool(vars(info.cls)["__dataclass_params__"].frozen)
    return True

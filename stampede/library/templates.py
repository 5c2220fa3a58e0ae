"""The keys of a function's calls: `user:{user_id}`."""

from __future__ import annotations

import inspect
import re
import string
from collections.abc import Callable, Collection, Mapping
from typing import Any

from stampede.core.errors import UsageError
from stampede.core.registry import unknown

_MARKS = re.compile(r"[^A-Za-z0-9]")


class Template:
    """A key with the parameters of a function in braces, checked against its signature.

    What stands between two fields, such as a colon, is written `%3A` in their values, so that no two calls share a
    key by chance.
    """

    def __init__(self, text: str, function: Callable[..., Any], ignore: Collection[str] = ()) -> None:
        self._text = text
        self._signature = inspect.signature(function)
        name = getattr(function, "__qualname__", repr(function))
        between, fields = _parsed(text)
        _check(text, name, between, fields, list(self._signature.parameters), ignore)
        marks = {"%", *_MARKS.findall("".join(between))}
        self._formatter = _Formatter({ord(mark): f"%{ord(mark):02X}" for mark in marks})

    def key(self, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> str:
        """The key of one call. Raises TypeError: the function cannot be called so."""
        bound = self._signature.bind(*arguments, **named)
        bound.apply_defaults()
        return self._formatter.vformat(self._text, (), bound.arguments)


class _Formatter(string.Formatter):
    def __init__(self, quoted: Mapping[int, str]) -> None:
        self._quoted = quoted

    def format_field(self, value: Any, format_spec: str) -> str:
        return str(super().format_field(value, format_spec)).translate(self._quoted)


def _parsed(text: str) -> tuple[list[str], list[str]]:
    """What stands before, between and after the fields, and the parameters in them. Raises UsageError."""
    between, fields = [""], []
    try:
        for literal, field, *_ in string.Formatter().parse(text):
            between[-1] += literal
            if field is not None:
                fields.append(re.split(r"[.\[]", field)[0])
                between.append("")
    except ValueError as error:
        raise UsageError(f"'{text}' is no template for keys: {error}") from None
    return between, fields


def _check(
    text: str, function: str, between: list[str], fields: list[str], parameters: list[str], ignore: Collection[str]
) -> None:
    """Raises UsageError: calls would have no key, or the wrong one."""
    for name in [*fields, *ignore]:
        if name not in parameters:
            raise UsageError(f"'{text}': {unknown(f'parameter of {function}', name, parameters)}")
    if not all(_MARKS.search(each) for each in between[1:-1]):
        raise UsageError(f"'{text}': write something between two fields, such as a colon, to tell them apart")
    own = parameters[1:] if parameters[:1] in (["self"], ["cls"]) else parameters
    for name in own:
        if name not in fields and name not in ignore:
            raise UsageError(
                f"'{text}' leaves out the parameter '{name}' of {function}, so that calls with other values share an "
                f"answer: write {{{name}}} into it, or ignore=['{name}']"
            )

"""Finds everything that is wrong with settings: each error is put aside, and what remains is checked again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from redis_dash.config.errors import PROFILES, Trouble, explained
from redis_dash.config.settings import Config
from redis_dash.config.way_in import TEXTS, together_with

MOST = 100
"""Errors of one setting that are told."""
_SOUND = "{id}"
"""A text that is right everywhere."""
_REQUIRED = ("keys", "key", "name")
_ENTRIES: Mapping[str, object] = {
    "limits": {"keys": _SOUND},
    "caches": {"name": _SOUND, "keys": _SOUND},
    "companions": {"key": _SOUND},
}
"""What stands for a wrong entry; in other lists a text does."""


def troubles(values: Mapping[str, Any], below: Mapping[str, Any] | None = None) -> Iterator[Trouble]:
    """What is wrong with each of the settings, and then with all of them together.

    Args:
        below: the settings that an empty text can switch off.
    """
    sound = {}
    for name, value in values.items():
        found = list(_of_setting(name, value, values, below or {}))
        yield from found
        if not found:
            sound[name] = value
    yield from _found(sound)


def _of_setting(
    name: str, value: object, values: Mapping[str, Any], below: Mapping[str, Any]
) -> Iterator[Trouble] | list[Trouble]:
    if name == PROFILES:
        return [Trouble((name,), f"{name}: a profile holds no profiles; each one is a table [{PROFILES}.NAME]")]
    if value == "" and name in TEXTS:
        switched_off = "url" not in values and any(below.get(other) for other in together_with(name))
        return [] if switched_off else [Trouble((name,), f"{name}: the value is empty; leave it out")]
    return sorted(_found({name: value}), key=lambda one: next((key for key in one.keys if isinstance(key, int)), -1))


def _found(values: Mapping[str, Any]) -> Iterator[Trouble]:
    rest: dict[str, Any] = _copy(values)
    for _ in range(MOST):
        try:
            msgspec.convert(rest, Config)
        except msgspec.ValidationError as error:
            trouble = explained(str(error))
            if not trouble.keys and len(values) == 1:
                (name,) = values
                text = trouble.text if trouble.text.startswith(name) else f"{name}: {trouble.text}"
                trouble = Trouble((name,), text)
            yield trouble
            if not trouble.keys:
                return
            _put_aside(rest, trouble)
        else:
            return


def _copy(value: Any) -> Any:
    """The same values in dictionaries and lists that can be changed."""
    if isinstance(value, Mapping):
        return {key: _copy(one) for key, one in value.items()}
    return [_copy(one) for one in value] if isinstance(value, list | tuple) else value


def _put_aside(rest: dict[str, Any], trouble: Trouble) -> None:
    """Replace what is wrong by something right, so that other errors are found."""
    *above, last = trouble.keys
    if trouble.missing:
        _at(rest, trouble.keys)[trouble.missing] = _SOUND
        return
    place = _at(rest, above)
    if isinstance(last, int):
        table = next(key for key in reversed(above) if isinstance(key, str))
        place[last] = _copy(_ENTRIES.get(table, _SOUND))
        return
    value = place.pop(last)
    if trouble.meant and above and trouble.meant not in place:
        place[trouble.meant] = value
    elif not trouble.is_unknown and last in _REQUIRED:
        place[last] = _SOUND


def _at(value: Any, keys: Sequence[str | int]) -> Any:
    for key in keys:
        value = value[key]
    return value

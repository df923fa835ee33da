"""One digest for one call of one function, however its arguments were written."""

import hashlib
import inspect
import json


def digest_of_call(name: str, call: inspect.BoundArguments) -> str:
    """32 hex digits of the function's name and its bound arguments, defaults included.

    Raises TypeError, naming function and argument, when an argument has no canonical JSON form: guessing one (from a
    `repr`, say) could make two different calls share an answer.
    """
    call.apply_defaults()
    for argument, value in call.arguments.items():
        if not _is_json(value):
            raise TypeError(f"{name} cannot be cached: its argument {argument!r} is a {type(value).__qualname__}")
    arguments = json.dumps(call.arguments, sort_keys=True)
    return hashlib.sha256(f"{name}\0{arguments}".encode()).hexdigest()[:32]


def _is_json(value: object) -> bool:
    if isinstance(value, dict):
        # JSON would write the keys 1 and "1" alike.
        return all(isinstance(key, str) and _is_json(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(_is_json(item) for item in value)
    return value is None or isinstance(value, str | int | float)

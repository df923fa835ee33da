"""The data of a Python pickle, without loading it: a pickle is a program, and loading it runs whatever it says.

The operations that build plain data are followed. Those that import or call something leave an ``Opaque`` with the
name, which is never looked up.
"""

from __future__ import annotations

from collections.abc import Callable

from redis_dash.decoders.bounds import guarded
from redis_dash.decoders.graph import MOST_ELEMENTS, Instance, LimitError, Pairs
from redis_dash.decoders.pickle_opcodes import operations

CACHELIB = b"!"
"""What Flask-Caching writes before a pickle."""
_MOST_PLACES = 1_000_000
_PLAIN = "IJKMLGFSTUVXCB\x8a\x8b\x8c\x8d\x8e\x96"
_CONSTANTS = {"N": None, "\x88": True, "\x89": False}
_EMPTY: dict[str, Callable[[], object]] = {"]": list, ")": list, "\x8f": list, "}": Pairs}
_FROM_MARK = "lt\x91"
_TUPLES = {"\x85": 1, "\x86": 2, "\x87": 3}
_IGNORED = "\x80\x95\x98"
_MAKERS = ("copyreg._reconstructor", "copy_reg._reconstructor", "copyreg.__newobj__", "copy_reg.__newobj__")
"""Functions whose first argument is the class of the object that they make."""


@guarded("pickle")
def decode_pickle(data: bytes) -> object:
    """The data; tuples and sets are lists, and of an object that was built from a dict the fields are kept."""
    walk = _Walk()
    for code, argument in operations(data.removeprefix(CACHELIB)):
        walk.step(code, argument)
    return walk.stack[-1]


class _Walk:
    """The stack of the pickle's machine."""

    def __init__(self) -> None:
        self.stack: list[object] = []
        self._below_marks: list[list[object]] = []
        self._memo: dict[int, object] = {}
        self._fields = 0

    def step(self, code: str, argument: object) -> None:
        """Follows one operation."""
        stack = self.stack
        if code in _PLAIN:
            stack.append(argument)
        elif code in _CONSTANTS:
            stack.append(_CONSTANTS[code])
        elif code in _EMPTY:
            stack.append(_EMPTY[code]())
        elif code == "(":
            self._below_marks.append(stack)
            self.stack = []
        elif code in _TUPLES:
            stack.append([stack.pop() for _ in range(_TUPLES[code])][::-1])
        elif code in _FROM_MARK:
            self._push(self._since_mark())
        elif code == "d":
            self._push(_pairs(self._since_mark()))
        elif code in "seau\x90":
            self._add(code)
        elif code in "pqr\x94gjh":
            self._remember(code, argument)
        elif code in "021":
            self._drop_or_double(code)
        elif code not in _IGNORED and code != ".":
            self._object(code, argument)

    def _push(self, value: object) -> None:
        self.stack.append(value)

    def _since_mark(self) -> list[object]:
        """The values since the last mark, which are taken off the stack with the mark."""
        values = self.stack
        self.stack = self._below_marks.pop()
        return values

    def _add(self, code: str) -> None:
        """Adds values to the container below them."""
        if code in "sa":
            values = [self.stack.pop() for _ in range(2 if code == "s" else 1)][::-1]
        else:
            values = self._since_mark()
        target = self.stack[-1]
        if isinstance(target, Instance):
            if code in "su":  # a subclass of dict
                self._add_fields(target, _pairs(values))
        elif isinstance(target, Pairs) and code in "su":
            target.extend(_pairs(values))
        elif isinstance(target, list) and not isinstance(target, Pairs) and code not in "su":
            target.extend(values)
        else:
            raise ValueError

    def _remember(self, code: str, argument: object) -> None:
        place = argument if isinstance(argument, int) else len(self._memo)
        if not 0 <= place < _MOST_PLACES:
            raise ValueError
        if code in "gjh":
            self._push(self._memo[place])
        else:
            self._memo[place] = self.stack[-1]

    def _drop_or_double(self, code: str) -> None:
        if code == "2":
            self._push(self.stack[-1])
        elif code == "1" or not self.stack:
            self._since_mark()
        else:
            self.stack.pop()

    def _object(self, code: str, argument: object) -> None:
        """What would import or call something."""
        stack = self.stack
        if code == "c":
            made = Instance(str(argument))
        elif code == "\x93":
            name, module = stack.pop(), stack.pop()
            made = Instance(f"{module}.{name}" if isinstance(name, str) and isinstance(module, str) else "class")
        elif code in "\x82\x83\x84":
            made = Instance(f"extension {argument}")
        elif code in "PQ":
            made = Instance("persistent object")
            if code == "Q":
                stack.pop()
        elif code == "\x97":
            made = Instance("buffer")
        elif code == "b":
            return self._build()
        else:
            made = self._called(code, argument)
        return self._push(made)

    def _called(self, code: str, argument: object) -> Instance:
        """The result of a call, of which only the name of the class is known."""
        if code == "i":
            self._since_mark()
            return Instance(str(argument))
        if code == "o":
            function, *arguments = self._since_mark()
        elif code in "R\x81":
            *arguments, function = self.stack.pop(), self.stack.pop()
        elif code == "\x92":
            _, *arguments, function = self.stack.pop(), self.stack.pop(), self.stack.pop()
        else:
            raise ValueError
        name = function.name if isinstance(function, Instance) else "object"
        if name in _MAKERS and isinstance(arguments[0], list) and isinstance(arguments[0][0], Instance):
            name = arguments[0][0].name
        return Instance(name)

    def _build(self) -> None:
        """Gives an object its fields: a dict, or a pair of dicts of which the second one is that of ``__slots__``."""
        state = self.stack.pop()
        target = self.stack[-1]
        parts = state if isinstance(state, list) and not isinstance(state, Pairs) else [state]
        for part in parts:
            if isinstance(part, Pairs) and isinstance(target, Instance):
                self._add_fields(target, part)

    def _add_fields(self, target: Instance, fields: Pairs) -> None:
        self._fields += len(fields)  # the same fields may be given again and again
        if self._fields > MOST_ELEMENTS:
            raise LimitError(f"more than {MOST_ELEMENTS:,} elements")
        if not isinstance(target.state, Pairs):
            target.state = Pairs()
        target.state.extend(fields)


def _pairs(values: list[object]) -> Pairs:
    if len(values) % 2:
        raise ValueError
    return Pairs(zip(values[::2], values[1::2], strict=True))

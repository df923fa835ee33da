"""What decoders build, and its conversion to a tree of plain data.

In some formats a value can refer to another one, even to the one that it is in. What decoders build is therefore a
graph. The tree repeats what is referred to, and stops at the limits; printing it takes no more time than its size.
"""

from __future__ import annotations

from redis_dash.decoders.decoded import Opaque

DEEPEST = 20
MOST_ELEMENTS = 10_000
MOST_CHARACTERS = 1024 * 1024
"""Most characters and bytes of all texts together; a text counts again wherever it is referred to."""
LONGEST_NAME = 200
"""Longest name of a class in characters; a longer one is cut."""
_MOST_BITS = 1024
_KEY_BITS = 64
RECURSION = Opaque("recursive reference")


class LimitError(Exception):
    """A value beyond a limit; the text says which one."""


class Pairs(list[tuple[object, object]]):
    """A map while it is read: a key may be anything, even what Python cannot hash."""


class PhpArray(Pairs):
    """A map that is a list if its keys are 0, 1, 2 …"""


class Instance:
    """An object while it is read."""

    def __init__(self, name: str, state: object = None) -> None:
        self.name = name
        self.state = state


def tree(root: object) -> object:
    """The graph as plain data that refers to nothing twice; raises ``LimitError`` beyond the limits."""
    return _Tree().value(root, 0)


class _Tree:
    def __init__(self) -> None:
        self._elements = 0
        self._characters = 0
        self._path: set[int] = set()

    def value(self, node: object, depth: int) -> object:
        self._elements += 1
        if self._elements > MOST_ELEMENTS:
            raise LimitError(f"more than {MOST_ELEMENTS:,} elements")
        if node is None or isinstance(node, bool | float):
            return node
        if isinstance(node, int):
            bits = node.bit_length()
            return node if bits <= _MOST_BITS else Opaque(f"integer of {bits:,} bits")
        if isinstance(node, str | bytes):
            return self._counted(node)
        if id(node) in self._path:
            return RECURSION
        if depth >= DEEPEST:
            raise LimitError(f"more than {DEEPEST} levels of nesting")
        self._path.add(id(node))
        inside = self._inside(node, depth + 1)
        self._path.discard(id(node))
        return inside

    def _counted(self, text: str | bytes) -> str | bytes:
        self._characters += len(text)
        if self._characters > MOST_CHARACTERS:
            raise LimitError(f"more than {MOST_CHARACTERS:,} characters")
        return str(text) if isinstance(text, str) else text  # never an instance of a subclass

    def _inside(self, node: object, depth: int) -> object:
        if isinstance(node, Pairs):
            done = self._map(node, depth)
            is_list = isinstance(node, PhpArray) and all(key == place for place, key in enumerate(done))
            return list(done.values()) if is_list else done
        if isinstance(node, dict):
            return {self._key(key, depth): self.value(inner, depth) for key, inner in node.items()}
        if isinstance(node, list):
            return [self.value(inner, depth) for inner in node]
        if isinstance(node, Instance):
            return self._instance(node, depth)
        raise TypeError(type(node))

    def _map(self, pairs: Pairs, depth: int) -> dict[object, object]:
        done: dict[object, object] = {}
        for key, inner in pairs:
            plain = self._key(key, depth)
            if isinstance(plain, Opaque) and plain in done:
                plain = Opaque(f"{plain.name}, key {len(done) + 1}")  # two objects of one class are two keys
            done[plain] = self.value(inner, depth)
        return done

    def _key(self, node: object, depth: int) -> object:
        """A key that is quick to hash: hashes of large integers and of tuples can be made to collide."""
        plain = self.value(node, depth)
        if isinstance(plain, Opaque):
            return Opaque(plain.name)
        if isinstance(plain, int):
            return plain if plain.bit_length() <= _KEY_BITS else str(plain)
        return self._counted(repr(plain)) if isinstance(plain, list | dict) else plain

    def _instance(self, node: Instance, depth: int) -> Opaque:
        name = str(self._counted(node.name[:LONGEST_NAME]))
        if not isinstance(node.state, Pairs):
            return Opaque(name)
        fields = self._map(node.state, depth)
        return Opaque(name, {key if isinstance(key, str) else repr(key): inner for key, inner in fields.items()})

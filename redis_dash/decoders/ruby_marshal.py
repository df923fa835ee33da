"""Ruby's Marshal. No class is loaded.

A symbol is a text. An instance of a subclass of Hash, Array or String is shown as what it holds, without its class.
"""

from __future__ import annotations

from redis_dash.decoders.bounds import Reader, guarded, text_or_bytes
from redis_dash.decoders.graph import Instance, Pairs

MAGIC = b"\x04\x08"
_CONSTANTS = {"0": None, "T": True, "F": False}
_MOST_INTEGER_BYTES = 128
_ONE_BYTE = 5
"""An integer from here to 127 is one byte; a smaller byte is the count of bytes that follow."""


class _Symbol(str):
    __slots__ = ()


@guarded("Ruby Marshal")
def decode_ruby(data: bytes) -> object:
    """The value; objects and structs are ``Opaque`` with their fields, other instances without."""
    return read_ruby(data)


def read_ruby(data: bytes) -> object:
    """The value that the bytes hold, before it is a bounded tree."""
    reader = _RubyReader(data)
    reader.expect(MAGIC)
    value = reader.value(0)
    reader.end()
    return value


class _RubyReader(Reader):
    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._symbols: list[_Symbol] = []
        self._objects: list[object] = []  # what a link refers to, in the order of their beginnings

    def value(self, depth: int) -> object:
        """The next value."""
        self.element(depth)
        kind = chr(self.byte())
        if kind in _CONSTANTS:
            return _CONSTANTS[kind]
        if kind == "i":
            return self._integer()
        if kind in ":;":
            return self._symbol(kind)
        if kind == "@":
            return self._objects[self._size()]
        if kind == "I":
            return self._with_variables(depth)
        if kind in "Ce":
            self._name()
            return self.value(depth + 1)
        if kind in "[{}oSU":
            return self._container(kind, depth)
        return self._remembered(self._plain(kind))

    def _integer(self) -> int:
        first = self.number(1, signed=True)
        if first == 0:
            return 0
        if abs(first) >= _ONE_BYTE:
            return first - _ONE_BYTE if first > 0 else first + _ONE_BYTE
        return int.from_bytes(self.take(abs(first)), "little") - (0 if first > 0 else 256 ** abs(first))

    def _size(self) -> int:
        size = self._integer()
        if size < 0:
            raise ValueError
        return size

    def _bytes(self) -> bytes:
        return self.take(self._size())

    def _symbol(self, kind: str) -> _Symbol:
        if kind == ";":
            return self._symbols[self._size()]
        symbol = _Symbol(self._bytes().decode("utf-8", "backslashreplace"))
        self._symbols.append(symbol)
        return symbol

    def _name(self) -> str:
        """A symbol: the name of a class or variable."""
        kind = chr(self.byte())
        if kind == "I":
            symbol = self._symbol(chr(self.byte()))
            self._variables(1)
        elif kind in ":;":
            symbol = self._symbol(kind)
        else:
            raise ValueError
        return symbol

    def _remembered(self, value: object) -> object:
        self._objects.append(value)
        return value

    def _with_variables(self, depth: int) -> object:
        """A value with variables, such as the encoding of a text; they are dropped."""
        if self.data[self.at : self.at + 1] != b"u":
            value = self.value(depth + 1)
            self._variables(depth + 1)
            return value
        self.take(1)
        made = self._user_defined()
        self._variables(depth + 1)
        return self._remembered(made)

    def _variables(self, depth: int) -> Pairs:
        """Names and values, of an object or beside any other value."""
        return Pairs((_name_of_field(self._name()), self.value(depth)) for _ in range(self._size()))

    def _user_defined(self) -> Instance:
        name = self._name()
        self._bytes()
        return Instance(name)

    def _container(self, kind: str, depth: int) -> object:
        if kind == "[":
            array: list[object] = []
            self._objects.append(array)
            array.extend(self.value(depth + 1) for _ in range(self._size()))
            return array
        if kind in "{}":
            return self._hash(kind, depth)
        made = Instance("")
        self._objects.append(made)
        made.name = self._name()
        if kind == "U":
            self.value(depth + 1)
        else:
            made.state = self._variables(depth + 1)
        return made

    def _hash(self, kind: str, depth: int) -> Pairs:
        pairs = Pairs()
        self._objects.append(pairs)
        pairs.extend((self.value(depth + 1), self.value(depth + 1)) for _ in range(self._size()))
        if kind == "}":
            self.value(depth + 1)  # the default of the hash
        texts = {key for key, _ in pairs if type(key) is str}
        if texts:  # a symbol and a text of the same letters are two keys
            pairs[:] = [(f":{key}" if isinstance(key, _Symbol) and key in texts else key, to) for key, to in pairs]
        return pairs

    def _plain(self, kind: str) -> object:
        if kind == '"':
            return text_or_bytes(self._bytes())
        if kind == "f":
            return float(self._bytes())
        if kind == "l":
            return self._large_integer()
        if kind == "u":
            return self._user_defined()
        if kind == "/":
            self._bytes()
            self.byte()
            return Instance("Regexp")
        if kind in "cmM":
            return Instance(str(text_or_bytes(self._bytes())))
        raise ValueError

    def _large_integer(self) -> object:
        """An integer as a sign and its bytes, the lowest first; a long one is not worked out."""
        sign = -1 if self.byte() == ord("-") else 1
        raw = self.take(2 * self._size())
        if len(raw) > _MOST_INTEGER_BYTES:
            return Instance(f"integer of {8 * len(raw):,} bits")
        return sign * int.from_bytes(raw, "little")


def _name_of_field(name: str) -> str:
    return name.removeprefix("@")

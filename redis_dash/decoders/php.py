"""PHP's ``serialize``, and the session handler ``php``, which is a row of names with serialized values."""

from __future__ import annotations

from redis_dash.decoders.bounds import Reader, guarded, text_or_bytes
from redis_dash.decoders.graph import Instance, Pairs, PhpArray


@guarded("PHP")
def decode_php(data: bytes) -> object:
    """The value; objects are ``Opaque``, with the fields of those that are not serialized by their own class."""
    reader = _PhpReader(data)
    value = reader.value(0)
    reader.end()
    return value


@guarded("PHP session")
def decode_php_session(data: bytes) -> object:
    """The variables of the session by name."""
    reader = _PhpReader(data)
    session = Pairs()
    while not reader.is_at_end:
        name = text_or_bytes(reader.until(b"|"))
        session.append((name, reader.value(1)))
    return session


class _PhpReader(Reader):
    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._values: list[object] = []  # a reference is a place in it, from 1 on; keys have no place
        self._places_are_known = True

    def value(self, depth: int) -> object:
        """The next value."""
        self.element(depth)
        kind = self.take(2)
        if kind in (b"R:", b"r:"):
            return self._referred(kind)
        place = len(self._values)
        self._values.append(None)
        if kind == b"a:":
            return self._array(place, depth)
        if kind == b"O:":
            return self._object(place, depth)
        self._values[place] = value = self._plain(kind)
        return value

    def _referred(self, kind: bytes) -> object:
        place = int(self.until(b";")) - 1
        if place < 0 or (self._places_are_known and place >= len(self._values)):
            raise ValueError
        value = self._values[place] if self._places_are_known else Instance("reference")
        if kind == b"r:":
            self._values.append(value)  # another name for an object has its own place
        return value

    def _plain(self, kind: bytes) -> object:
        if kind == b"N;":
            return None
        if kind == b"b:":
            return bool((b"0", b"1").index(self.until(b";")))
        if kind == b"i:":
            return int(self.until(b";"))
        if kind == b"d:":
            return float(self.until(b";"))
        if kind == b"s:":
            return self._text(b";")
        if kind == b"E:":
            return Instance(str(self._text(b";")))
        if kind == b"C:":
            name = str(self._text(b":"))
            self._in_braces(int(self.until(b":")))
            self._places_are_known = False  # values inside may have places, too
            return Instance(name)
        raise ValueError

    def _text(self, end: bytes) -> str | bytes:
        """A text with its length in bytes before it."""
        size = int(self.until(b":"))
        self.expect(b'"')
        text = self.take(size)
        self.expect(b'"' + end)
        return text_or_bytes(text)

    def _in_braces(self, size: int) -> None:
        self.expect(b"{")
        self.take(size)
        self.expect(b"}")

    def _array(self, place: int, depth: int) -> PhpArray:
        size = int(self.until(b":"))
        self._values[place] = array = PhpArray()
        self._fill(array, size, depth)
        return array

    def _object(self, place: int, depth: int) -> Instance:
        name = str(self._text(b":"))
        size = int(self.until(b":"))
        self._values[place] = made = Instance(name)
        fields = Pairs()
        self._fill(fields, size, depth)
        made.state = Pairs((_field(key), value) for key, value in fields)
        return made

    def _fill(self, pairs: Pairs, size: int, depth: int) -> None:
        self.expect(b"{")
        for _ in range(size):
            kind = self.take(2)
            if kind not in (b"i:", b"s:"):
                raise ValueError
            pairs.append((self._plain(kind), self.value(depth + 1)))
        self.expect(b"}")


def _field(key: object) -> object:
    """The name of a field; before that of a protected or private one stands its class between zero bytes."""
    return key.rpartition("\0")[2] if isinstance(key, str) else key

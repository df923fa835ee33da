"""The session of ASP.NET Core: names with bytes, whose meaning only the application knows."""

from __future__ import annotations

from redis_dash.decoders.bounds import Reader, guarded, text_or_bytes
from redis_dash.decoders.graph import Pairs

REVISION = b"\x02"
_ID_BYTES = 16


@guarded("ASP.NET session")
def decode_aspnet_session(data: bytes) -> object:
    """The fields by name; the session's id, which is stored too, is left out, because it is a credential."""
    reader = Reader(data)
    reader.expect(REVISION)
    size = reader.number(3)
    reader.take(_ID_BYTES)
    fields = Pairs()
    for _ in range(size):
        reader.element(1)
        name = text_or_bytes(reader.take(reader.number(2)))
        fields.append((name, reader.take(reader.number(4))))
    reader.end()
    return fields

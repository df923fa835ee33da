"""Credentials: values with which their bearer can sign in."""

from __future__ import annotations

DISTINCTIVE = 8
"""Least characters of a part of an id that distinguishes sessions."""


class Credential:
    """A key or an id with which its bearer can sign in. It is masked wherever it is printed."""

    __slots__ = ("_raw",)

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def reveal(self) -> bytes:
        """The raw bytes, for a Redis command only."""
        return self._raw

    def __repr__(self) -> str:
        return f"Credential({mask(self._raw)!r})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Credential) and other._raw == self._raw

    def __hash__(self) -> int:
        return hash(self._raw)


def mask(raw: bytes) -> str:
    """The first four characters of an id and an ellipsis: enough to distinguish two ids, too little to use.

    An id shorter than twelve characters shows at most a third of itself.
    """
    return mask_text(raw.decode("utf-8", "backslashreplace"))


def distinctive(identifier: bytes) -> bytes:
    """The part of an id that distinguishes sessions: the last one of ``tenant1:web:2f9c…``, if it is long enough."""
    last = identifier.rpartition(b":")[2]
    return last if len(last) >= DISTINCTIVE else identifier


def mask_text(text: str) -> str:
    """As ``mask``, for an id that is text already."""
    return text[: min(4, len(text) // 3)] + "…"

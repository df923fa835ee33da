"""A ring buffer: received bytes are read into it and stay there until they are overwritten.

New memory for each chunk would need an allocation of the largest possible size and fragment the heap: under load the
process grew by a tenth. The ring buffer bounds the memory.
"""

from __future__ import annotations

import mmap

ROOM_BYTES = 256 * 1024
"""The most bytes of one read."""
UNFINISHED_BYTES = 1024 * 1024
"""The most bytes of an unfinished message that are held here; only the parser holds the bytes of a longer one."""


class RingBuffer:
    """Kept bytes lie before ``begin``, those of an unfinished message up to ``end``; new bytes follow."""

    def __init__(self, kept_bytes: int) -> None:
        """Reserve addresses; the system provides memory as it is used.

        Args:
            kept_bytes: the most bytes that are kept.
        """
        self.size = kept_bytes + 2 * (UNFINISHED_BYTES + ROOM_BYTES)
        self.memory = mmap.mmap(-1, self.size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self.begin = self.end = 0
        self._extent = 0
        """The end of the part that has been used."""

    def room(self) -> memoryview:
        """The memory for the next bytes; call ``make_room`` first."""
        self._extent = max(self._extent, self.end + ROOM_BYTES)
        return memoryview(self.memory)[self.end : self.end + ROOM_BYTES]

    def make_room(self, oldest: int | None, full: bool) -> bool:
        """Whether there is room at ``end``, which may move to the start. If not, the caller drops the oldest bytes.

        Args:
            oldest: where the oldest kept bytes begin; None if nothing is kept.
            full: whether no more than now will be kept, so that no further memory is needed.
        """
        if oldest is not None and oldest >= self.begin:  # kept bytes continue at the start
            return self.end + ROOM_BYTES <= oldest
        if self.end + ROOM_BYTES <= self._extent:
            return True
        fits_before = oldest is None or self.end - self.begin + ROOM_BYTES <= oldest
        has_more = self.end + ROOM_BYTES <= self.size
        if fits_before and (full or oldest is None or not has_more):
            self._move(0)
            return True
        return has_more

    def keep(self, end: int) -> None:
        """Keep the bytes up to here."""
        self.begin = end

    def drop(self, end: int) -> None:
        """Drop the unfinished bytes up to here."""
        place, self.begin = self.begin, end
        self._move(place)

    def clear(self) -> None:
        """Drop all unfinished bytes."""
        self.end = self.begin

    def _move(self, place: int) -> None:
        """Move the unfinished bytes."""
        length = self.end - self.begin
        self.memory.move(place, self.begin, length)
        self.begin, self.end = place, place + length

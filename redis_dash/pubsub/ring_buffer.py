"""A piece of memory that the wire's bytes are read into and stay in: a ring that is used over and over.

Reading into fresh memory each time and keeping that costs an allocation of the largest possible size a chunk, and
leaves holes of all sizes behind: under load the process grew by a tenth. Here it takes what the ring holds at most.
"""

from __future__ import annotations

import mmap

ROOM_BYTES = 256 * 1024
"""What is read at once, at most."""
UNFINISHED_BYTES = 4 * 1024 * 1024
"""More than ever comes of a message before it is passed by as a giant, or is complete."""


class RingBuffer:
    """Kept bytes lie before ``begin``, those of an unfinished message from there to ``end``, and new ones follow."""

    def __init__(self, kept_bytes: int) -> None:
        """Reserves addresses; memory is taken as it is used.

        Args:
            kept_bytes: how much will be kept at most.
        """
        self.size = kept_bytes + 2 * (UNFINISHED_BYTES + ROOM_BYTES)
        self.memory = mmap.mmap(-1, self.size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self.begin = self.end = 0
        self._extent = 0
        """What has been used so far."""

    def room(self) -> memoryview:
        """Where the next bytes go; ``make_room`` has been asked first."""
        self._extent = max(self._extent, self.end + ROOM_BYTES)
        return memoryview(self.memory)[self.end : self.end + ROOM_BYTES]

    def make_room(self, oldest: int | None, full: bool) -> bool:
        """Is there room at ``end``? It may move to the start. If not, what is kept longest must go first.

        Args:
            oldest: where that begins; None if nothing is kept.
            full: nothing more is to be kept than now, so that no further memory need be taken.
        """
        if oldest is not None and oldest >= self.begin:  # what is kept goes on at the start
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
        """What came up to here is kept."""
        self.begin = end

    def drop(self, end: int) -> None:
        """What came up to here is not kept."""
        place, self.begin = self.begin, end
        self._move(place)

    def clear(self) -> None:
        """Nothing is unfinished."""
        self.end = self.begin

    def _move(self, place: int) -> None:
        """Bring what is unfinished to a place."""
        length = self.end - self.begin
        self.memory.move(place, self.begin, length)
        self.begin, self.end = place, place + length

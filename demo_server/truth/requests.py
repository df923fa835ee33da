"""The requests that the limiter accepted and that are still in its window, by the server's clock."""

import heapq
import time
from collections import Counter
from collections.abc import Mapping, Sequence

_COMPARED_EVERY = 60.0  # seconds after which a smaller difference of the clocks is believed: one may have been set


class AcceptedRequests:
    """Accepted requests of each client; what has left the window is forgotten."""

    def __init__(self, window: int) -> None:
        self.doubtful: set[str] = set()
        """Clients of whom a request may have been accepted besides."""
        self._window = window
        self._accepted: list[tuple[float, str]] = []  # a heap of server times in epoch seconds, and clients
        self._used: Counter[str] = Counter()
        self._server_clock = time.time() - time.monotonic()  # server epoch minus our monotonic clock
        self._compared_at = -_COMPARED_EVERY  # monotonic

    def add(self, client: str, server_time: float) -> None:
        """A request was accepted at this server time."""
        now = time.monotonic()
        difference = server_time - now  # too small by the time that the answer took: the largest is the best
        if difference >= self._server_clock or now - self._compared_at >= _COMPARED_EVERY:
            self._server_clock, self._compared_at = difference, now
        heapq.heappush(self._accepted, (server_time, client))
        self._used[client] += 1
        self._forget_old()

    def used(self) -> Mapping[str, int]:
        """How many requests of each client are in the window that ends now."""
        self._forget_old()
        return self._used

    def clients(self) -> list[str]:
        """All clients who may have requests in the window."""
        self._forget_old()
        return sorted(self._used.keys() | self.doubtful)

    def replace(self, times: Mapping[str, Sequence[float]]) -> None:
        """These are all accepted requests: server times, by client."""
        self.doubtful = {client for client, accepted in times.items() if not accepted}
        self._accepted = [(at, client) for client, accepted in times.items() for at in accepted]
        heapq.heapify(self._accepted)
        self._used = Counter({client: len(accepted) for client, accepted in times.items() if accepted})

    def _forget_old(self) -> None:
        oldest = time.monotonic() + self._server_clock - self._window
        while self._accepted and self._accepted[0][0] <= oldest:
            _, client = heapq.heappop(self._accepted)
            self._used[client] -= 1
            if not self._used[client]:
                del self._used[client]

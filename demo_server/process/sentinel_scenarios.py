"""What can be done to the servers that sentinels watch while the application uses them; each can be repeated."""

import time
from collections.abc import Callable, Mapping

from demo_server.process.embedded_sentinel import EmbeddedSentinel

_AWAY = 5.0  # seconds for which a killed server stays away after a replica has taken its place
_ATTEMPT = 6.0  # seconds after which a failover that has begun is tried again
_PATIENCE = 60.0  # seconds


class SentinelScenarios:
    """Each method returns when it is over, and tells what has happened."""

    def __init__(self, watched: EmbeddedSentinel, away: float = _AWAY) -> None:
        self._watched = watched
        self._away = away

    def by_name(self) -> Mapping[str, Callable[[], str]]:
        """The names under which they are asked for."""
        return {"failover": self.failover, "kill-node": self.kill_node}

    def failover(self) -> str:
        """Let the replica take the place of a primary that is well; writes of the last moments may be lost."""
        watched, before = self._watched, self._watched.primary()
        watched.wait_until(lambda: self._succeeds(before), _PATIENCE)
        after = watched.primary()
        watched.wait_until(watched.is_up)
        return f"{self._at(after)} has taken the place of {self._at(before)}"

    def kill_node(self) -> str:
        """Kill the primary; the replica takes its place, and it comes back as a replica after a while."""
        watched, before = self._watched, self._watched.primary()
        watched.kill(before)
        self._wait_for_another(before, _PATIENCE)
        after = watched.primary()
        time.sleep(self._away)
        watched.restart(before)
        watched.wait_until(watched.is_up)
        return f"{self._at(before)} was killed, {self._at(after)} took its place, and it is back as a replica"

    def _succeeds(self, before: int) -> bool:
        """Try a failover: a sentinel may give it up."""
        try:
            self._watched.failover()
            self._wait_for_another(before, _ATTEMPT)
        except TimeoutError:
            return False
        return True

    def _wait_for_another(self, before: int, within: float) -> None:
        """Wait until all sentinels agree on another primary. Raises TimeoutError."""
        others = [number for number in range(len(self._watched.servers)) if number != before]
        self._watched.wait_until(lambda: any(map(self._watched.agree_on, others)), within)

    def _at(self, number: int) -> str:
        return f"127.0.0.1:{self._watched.servers[number].port}"

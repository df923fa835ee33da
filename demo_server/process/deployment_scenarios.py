"""Scenarios that the launcher plays, since it has started the servers: they are asked for on the control channel."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Mapping

from demo_server.control_channel import scenario_in
from demo_server.process.deployments import Deployment
from demo_server.process.progress import say


class DeploymentScenarios:
    """Plays one scenario at a time, in a thread that does not keep the process alive."""

    def __init__(self, scenarios: Mapping[str, Callable[[], str]]) -> None:
        self._scenarios = scenarios
        self._running: tuple[str, threading.Thread] | None = None

    async def obey(self, message: bytes) -> None:
        """Take a message of the control channel; what the workload plays is no concern of ours."""
        name = scenario_in(message)
        if name is None or name not in self._scenarios:
            return
        if self._running is not None and self._running[1].is_alive():
            say(f"no {name}: {self._running[0]} is not over")
            return
        thread = threading.Thread(target=self._play, args=(name,), name=name, daemon=True)
        self._running = name, thread
        thread.start()

    def _play(self, name: str) -> None:
        say(f"{name} begins")
        try:
            say(f"{name}: {self._scenarios[name]()}")
        except Exception as error:  # of any client or server, also because the demo ends
            say(f"{name} failed: {error}")


@contextlib.asynccontextmanager
async def playing(deployment: Deployment) -> AsyncIterator[None]:
    """Listen to the control channel during the block, if the deployment has scenarios."""
    if not deployment.scenarios:
        yield
        return
    from demo_server import keys
    from demo_server.clients import close_client, open_client
    from demo_server.patterns.subscription import listen

    redis = open_client(deployment.url, name="demo-launcher")
    listening = asyncio.create_task(listen(redis, keys.CONTROL, DeploymentScenarios(deployment.scenarios).obey))
    try:
        yield
    finally:
        listening.cancel()
        await asyncio.wait({listening}, timeout=1)
        await close_client(redis)

"""The whole demo, started and ended together: a server (embedded unless one is named), the API, and the workload."""

import asyncio
import contextlib
import json
import logging
import math
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from demo_server.process.deployment_scenarios import playing
from demo_server.process.deployments import Deployment, Kind, start_embedded
from demo_server.process.listener import listen
from demo_server.process.parent import when_stdin_ends
from demo_server.process.progress import say
from demo_server.process.workload_process import control_channel_has, running_workload
from demo_server.settings import check_url

if TYPE_CHECKING:
    import uvicorn

_HOST = "127.0.0.1"
_DRAIN_MARGIN = 0.5  # seconds for requests in flight when the demo ends, besides the model's thinking time
_DRAIN_ALONE = 0.2  # seconds, if the parent process has ended


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """The options of a demo."""

    redis_url: str | None = None  # None: an embedded deployment; REDIS_URL is ignored on purpose
    kind: Kind = "server"  # of the embedded deployment
    port: int = 0  # of the API; 0 takes a free one
    rate: float = 20.0  # requests per second
    seed: int | None = None  # None: different choices each time
    with_workload: bool = True
    exit_with_stdin: bool = False


def run_demo(options: DemoOptions) -> None:
    """Run until a signal (or the end of stdin) says stop. Raises EmbeddedServerError, SettingsError or OSError."""
    with ExitStack() as stack:
        if options.redis_url is not None:
            check_url(options.redis_url)
            deployment = Deployment(options.redis_url)
        else:
            say(f"starting the embedded {options.kind}")
            deployment = start_embedded(options.kind, stack)
            say(deployment.description)
        # Listens before the API has started: the workload's first requests wait in the backlog.
        listener = stack.enter_context(listen(_HOST, options.port))
        http_url = f"http://{_HOST}:{listener.getsockname()[1]}"
        workload = None
        if options.with_workload:
            say(f"starting the workload: {options.rate:g} requests per second")
            workload = stack.enter_context(
                running_workload(deployment.url, http_url, options.rate, options.seed, deployment.scenarios)
            )
        say(f"starting the API on {http_url}")
        asyncio.run(_serve(options, deployment, listener, http_url, workload))
        say("ending")


async def _serve(
    options: DemoOptions,
    deployment: Deployment,
    listener: socket.socket,
    http_url: str,
    workload: IO[bytes] | None,
) -> None:
    # These imports are slow. The workload does its own at the same time, on another core.
    import uvicorn

    from demo_server.factory import create_app
    from demo_server.settings import Settings

    database = deployment.folder and deployment.folder / "shop.sqlite3"
    settings = Settings.from_environment(redis_url=deployment.url, database=database)
    server = _quiet_server(
        uvicorn.Config(
            create_app(settings),
            log_level="warning",
            access_log=False,
            proxy_headers=False,  # the application evaluates the headers of trusted proxies itself
            server_header=False,
            lifespan="on",
            timeout_graceful_shutdown=math.ceil(settings.llm_seconds + _DRAIN_MARGIN),
        )
    )
    _stop_when_asked(server, options, workload)
    async with playing(deployment):
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started and not serving.done():  # noqa: ASYNC110 -- uvicorn has no event for it
            await asyncio.sleep(0.005)
        if server.started:
            if listeners := int(options.with_workload) + bool(deployment.scenarios):
                await control_channel_has(listeners, deployment.url)
            say("ready: 200 products, 60 people (password: demo), docs on " + http_url + "/docs")
            print(json.dumps({"redis_url": deployment.url, "http_url": http_url}), flush=True)  # noqa: T201
        await serving
    if not server.started and not server.should_exit:
        raise OSError("the API did not start")


def _quiet_server(config: "uvicorn.Config") -> "uvicorn.Server":
    import uvicorn

    class Server(uvicorn.Server):
        """Without uvicorn's signal handling, which would end the process before the rest of the demo is stopped."""

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    return Server(config)


def _stop_when_asked(server: "uvicorn.Server", options: DemoOptions, workload: IO[bytes] | None) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        server.force_exit = server.should_exit  # a second signal stops it at once
        server.should_exit = True
        if workload is not None:
            workload.close()  # at once, so that no new requests come
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # requests that are cut off now are no errors

    def stop_alone() -> None:
        server.config.timeout_graceful_shutdown = _DRAIN_ALONE  # type: ignore[assignment]  # nobody reads the answers
        stop()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop)
    if options.exit_with_stdin:
        when_stdin_ends(lambda: loop.call_soon_threadsafe(stop_alone))

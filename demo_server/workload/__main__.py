"""`python -m demo_server.workload`: the people who use the demo, as a process of their own."""

import asyncio
import contextlib
import os
import secrets

import click

from demo_server import keys
from demo_server.clients import close_client, open_client
from demo_server.patterns.subscription import listen
from demo_server.process.parent import when_stdin_ends
from demo_server.workload.browser import Browser
from demo_server.workload.crowd import Crowd
from demo_server.workload.pacer import Gate
from demo_server.workload.scenarios import Scenarios


@click.command(context_settings={"show_default": True})
@click.option("--http-url", required=True, help="Where the API is.")
@click.option("--redis-url", required=True, envvar="DEMO_REDIS_URL", help="Where demo:control is; or DEMO_REDIS_URL.")
@click.option("--rate", type=click.FloatRange(0.1, 2000), default=20.0, help="Requests per second in all.")
@click.option("--seed", type=int, help="Make the choices repeatable.")
@click.option("--of-others", multiple=True, hidden=True, help="A scenario that somebody else plays.")
@click.option("--exit-with-stdin", is_flag=True, hidden=True, help="End when stdin ends.")
def main(
    http_url: str, redis_url: str, rate: float, seed: int | None, of_others: tuple[str, ...], exit_with_stdin: bool
) -> None:
    """Use the demo, until killed."""
    if exit_with_stdin:
        # At once: there is nothing to clean up.
        when_stdin_ends(lambda: os._exit(0))
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_use(http_url, redis_url, rate, secrets.randbits(32) if seed is None else seed, of_others))


async def _use(http_url: str, redis_url: str, rate: float, seed: int, of_others: tuple[str, ...]) -> None:
    redis = open_client(redis_url, name="demo-workload")
    gate = Gate()
    try:
        async with Browser(http_url, gate) as browser, asyncio.TaskGroup() as group:
            crowd = Crowd(browser, gate, rate, seed)
            scenarios = Scenarios(browser, crowd, gate, redis, seed, of_others)
            group.create_task(listen(redis, keys.CONTROL, scenarios.obey))
            group.create_task(crowd.run())
    finally:
        await close_client(redis)


if __name__ == "__main__":
    main()

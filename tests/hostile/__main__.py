"""Runs generated hostile inputs through everything: ``python -m tests.hostile --inputs 100000 --seed 7``."""

from __future__ import annotations

import asyncio
import time
from itertools import islice

import click
import redis

from demo_server.process.embedded import EmbeddedServer
from tests.hostile.in_memory import through_all
from tests.hostile.inputs import Generator
from tests.hostile.on_screen import show
from tests.hostile.sizes import table

BATCH = 2000
SIZES = ((80, 24), (120, 36), (200, 60))


@click.command()
@click.option("--inputs", default=100_000, show_default=True, help="How many keys are generated.")
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same keys.")
@click.option("--sizes", is_flag=True, help="Measure instead how the time grows with the size of a value.")
def main(inputs: int, seed: int, sizes: bool) -> None:
    """Generate keys; decode, read, redact and recognise each, write them to a server and show them."""
    if sizes:
        click.echo("\n".join(table()))
        return
    calls, began = 0, time.monotonic()
    with EmbeddedServer() as server, redis.Redis(port=server.port) as client:
        generated = Generator(seed).inputs(inputs)
        for number, done in enumerate(range(0, inputs, BATCH)):
            batch = list(islice(generated, BATCH))
            calls += through_all(batch, seed + number)
            asyncio.run(show(client, server.url, batch, SIZES[number % len(SIZES)]))
            click.echo(
                f"{done + len(batch):,} of {inputs:,} inputs, {calls:,} calls, {time.monotonic() - began:.0f} s",
                err=True,
            )
    click.echo(
        f"{inputs:,} inputs, {calls:,} calls of decoders and dialects: no error, all text on the screen harmless"
    )


if __name__ == "__main__":
    main()

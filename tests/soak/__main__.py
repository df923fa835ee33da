"""``python -m tests.soak --minutes 10``: the demo, a dashboard and random faults on every kind of deployment."""

from __future__ import annotations

import asyncio
import sys
from typing import cast, get_args

import click

from tests.moving.report import table
from tests.soak.run import run
from tests.soak.world import Kind


@click.command()
@click.option("--minutes", default=10.0, show_default=True, help="For each deployment.")
@click.option("--only", type=click.Choice(get_args(Kind)), multiple=True, help="A deployment; all by default.")
@click.option("--seed", default=7, show_default=True, help="The same seed makes the same faults.")
@click.option("--rate", default=40.0, show_default=True, help="Requests a second.")
def main(minutes: float, only: tuple[str, ...], seed: int, rate: float) -> None:
    """Let faults happen, judge every figure, and compare what the process holds before and after."""
    tallies, problems = {}, []
    for kind in only or get_args(Kind):
        result = asyncio.run(run(cast(Kind, kind), 60 * minutes, seed, rate))
        tallies[kind] = result.tally
        problems += [f"{kind}: {problem}" for problem in result.problems]
        click.echo(f"{kind}: {result.faults.total()} faults ({_listed(result.faults)}); {result.messages}")
        click.echo(f"{kind}: before {result.before.told()}")
        click.echo(f"{kind}: after  {result.after.told()}")
    click.echo(table(tallies))
    click.echo("\n".join(problems) or "nothing has grown, every figure was right")
    sys.exit(bool(problems))


def _listed(faults: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(faults.items()))


if __name__ == "__main__":
    main()

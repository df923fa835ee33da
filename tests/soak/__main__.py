"""``python -m tests.soak --minutes 10``: the demo, a dashboard and random faults on every kind of deployment."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from typing import cast, get_args

import click

from tests.moving.report import table
from tests.soak.run import REST_S, run
from tests.soak.usage import MOST_GROWTH_MB
from tests.soak.world import Kind


@click.command()
@click.option("--minutes", default=10.0, show_default=True, help="For each deployment.")
@click.option("--only", type=click.Choice(get_args(Kind)), multiple=True, help="A deployment; all by default.")
@click.option("--seed", default=7, show_default=True, help="The same seed makes the same faults.")
@click.option("--rate", default=40.0, show_default=True, help="Requests a second.")
@click.option("--rest", default=REST_S, show_default=True, help="Seconds without faults before memory is measured.")
@click.option("--growth", default=MOST_GROWTH_MB, show_default=True, help="Megabytes by which memory may grow.")
def main(minutes: float, only: tuple[Kind, ...], seed: int, rate: float, rest: float, growth: float) -> None:
    """Let faults happen, judge every figure, and compare what the process holds before and after.

    Several deployments are tried side by side, in a process each.
    """
    kinds = only or get_args(Kind)
    if len(kinds) > 1:
        options = {"minutes": minutes, "seed": seed, "rate": rate, "rest": rest, "growth": growth}
        sys.exit(_side_by_side(kinds, [f"--{name}={value}" for name, value in options.items()]))
    kind = cast(Kind, kinds[0])
    result = asyncio.run(run(kind, 60 * minutes, seed, rate, rest_s=rest, growth_mb=growth))
    click.echo(f"{kind}: {result.faults.total()} faults ({_listed(result.faults)}), seed {seed}; {result.messages}")
    click.echo(f"{kind}: before {result.before.told()}")
    click.echo(f"{kind}: after  {result.after.told()}")
    click.echo(table({kind: result.tally}))
    click.echo("\n".join(result.problems) or "nothing has grown, every figure was right")
    sys.exit(bool(result.problems))


def _side_by_side(kinds: Sequence[str], options: Sequence[str]) -> bool:
    """Run each in a process of its own; returns whether any has found a problem."""
    command = [sys.executable, "-m", "tests.soak", *options]
    running = [subprocess.Popen([*command, "--only", kind], stdout=subprocess.PIPE, text=True) for kind in kinds]
    try:
        for one in running:
            click.echo(one.communicate()[0])
    finally:
        for one in running:
            one.terminate()
    return any(one.returncode for one in running)


def _listed(faults: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(faults.items()))


if __name__ == "__main__":
    main()

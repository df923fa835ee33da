"""`python -m demo_server`: the demo without a dashboard, until Ctrl-C."""

import math

import click

from demo_server.process.deployments import Kind
from demo_server.process.embedded import EmbeddedServerError
from demo_server.process.launcher import DemoOptions, run_demo
from demo_server.settings import SettingsError


@click.command(context_settings={"show_default": True})
@click.option("--redis-url", metavar="URL", help="Use this Redis instead of an embedded one. REDIS_URL is ignored.")
@click.option("--cluster", "kind", flag_value="cluster", help="Embed a cluster: three primaries and their replicas.")
@click.option("--sentinel", "kind", flag_value="sentinel", help="Embed a primary, its replica and three sentinels.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of the API; 0 takes a free one.")
@click.option("--rate", type=click.FloatRange(0.1, 2000), default=20.0, help="Requests per second of the workload.")
@click.option("--seed", type=int, help="Make the workload's choices repeatable.")
@click.option("--no-workload", is_flag=True, help="Only the API, without people who use it.")
@click.option("--exit-with-stdin", is_flag=True, hidden=True, help="End when stdin ends.")
def main(
    redis_url: str | None,
    kind: Kind | None,
    port: int,
    rate: float,
    seed: int | None,
    no_workload: bool,
    exit_with_stdin: bool,
) -> None:
    """Run an application on Redis, with people who use it.

    Prints one JSON line on stdout when it is ready: {"redis_url": …, "http_url": …}. Everything else goes to stderr.
    """
    if not math.isfinite(rate):
        raise click.BadParameter("nan is no number", param_hint="--rate")
    if redis_url is not None and kind is not None:
        raise click.UsageError(f"--{kind} embeds servers of its own: leave out --redis-url")
    try:
        run_demo(DemoOptions(redis_url, kind or "server", port, rate, seed, not no_workload, exit_with_stdin))
    except (EmbeddedServerError, SettingsError, OSError) as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main()

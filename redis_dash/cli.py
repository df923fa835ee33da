"""The command line. A front end is imported only when its command runs."""

from __future__ import annotations

import errno
import gc
import math
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn

import click

from redis_dash import __version__
from redis_dash.config import Choices, Config, choices_for, config_path, load, parse_rule
from redis_dash.core.errors import ConfigError, DashError
from redis_dash.standard_streams import Talk, deliver, open_missing, silence

USAGE, UNWRITTEN, INTERRUPTED = 2, 4, 130
"""Exit codes; a snapshot has further ones."""


class Number(click.FloatRange):
    """A range that does not accept ``nan``."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Convert to a number within the range."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail("nan is no number.", param, ctx)
        return number


class Topic(click.ParamType[str]):
    """A topic's name; the sources are imported only if one is given."""

    name = "topic"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Convert to the name of a source."""
        from redis_dash.sources import SOURCES

        return str(click.Choice([source.topic for source in SOURCES]).convert(value, param, ctx))


class DefaultCommand(click.Group):
    """Treats ``redis-dash redis://…`` as ``redis-dash watch redis://…``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Insert the default command if none is named."""
        if any(not _is_text(arg) for arg in args):
            raise click.UsageError("an argument holds bytes that are not UTF-8", ctx)
        if not args or (args[0] not in self.commands and args[0] not in ("--help", "--version", "-h")):
            if args and (meant := _meant(args[0], self.commands)):
                raise click.UsageError(f"there is no command {args[0]!r}; did you mean '{meant}'?", ctx)
            args = ["watch", *args]
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the options of the default command, too."""
        default = self.commands["watch"]
        records = [option.get_help_record(ctx) for option in default.params if isinstance(option, click.Option)]
        with formatter.section("Options of watch, the default command"):
            formatter.write_dl([record for record in records if record is not None])
        super().format_options(ctx, formatter)

    def main(self, *args: Any, **more: Any) -> NoReturn:
        """Run on streams that may be closed or full; Ctrl-C ends with a message."""
        open_missing()
        try:
            code = super().main(*args, **more | {"standalone_mode": False})
        except click.ClickException as error:
            code = error.exit_code
            try:
                error.show()
            except OSError:
                silence(sys.stderr)
        except click.Abort:
            Talk().say("stopped")
            code = INTERRUPTED
        except OSError as error:
            silence(sys.stdout)
            if error.errno != errno.EPIPE:
                Talk().say(f"cannot write: {error.strerror or error}")
            code = UNWRITTEN
        sys.exit(code if isinstance(code, int) else 0)


def _is_text(arg: str) -> bool:
    try:
        arg.encode()
    except UnicodeEncodeError:
        return False
    return True


def _meant(word: str, commands: Iterable[str]) -> str:
    """The command that was probably meant; empty if there is none."""
    if not word.isalpha():
        return ""
    import difflib  # imported here for a quick start

    return next(iter(difflib.get_close_matches(word.lower(), list(commands), 1, 0.75)), "")


@click.group(
    cls=DefaultCommand,
    subcommand_metavar="[URL | COMMAND [ARGS]...]",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="redis-dash")
def main() -> None:
    """Watch what your application keeps in Redis: events, sessions, rate limits, leaderboards, caches.

    \b
    redis-dash                             REDIS_URL, or redis://127.0.0.1:6379/0
    redis-dash redis://:secret@host:6379/0
    redis-dash demo                        a living system to look at; needs no Redis
    redis-dash snapshot --for 5            the same figures as JSON
    """


refresh_option = click.option(
    "--refresh", "refresh_s", type=Number(0.1, 3600), metavar="SECONDS", help="Pause between polls [1]."
)


def target_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of where Redis is."""
    path = click.Path(path_type=Path)
    command = click.option("--config", "config_file", type=path, help="Configuration file (TOML).")(command)
    number = click.IntRange(0, 2**31 - 1)
    command = click.option(
        "-n", "--database", type=number, metavar="N", help="Number of the database [that of the URL, or 0]."
    )(command)
    return click.argument("url", required=False)(command)


def deployment_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of what is watched, the same for every front end that watches."""
    options: list[Callable[[Any], Any]] = [
        target_options,
        click.option("--channel", "channels", multiple=True, metavar="PATTERN", help="Channels to listen to [*]."),
        click.option("--stream", "streams", multiple=True, metavar="KEY", help="Streams to follow."),
        click.option("--session", "sessions", multiple=True, metavar="PATTERN", help="Keys of sessions [session:*]."),
        click.option(
            "--limit",
            "limits",
            multiple=True,
            metavar="[PATTERN=]N/SECONDS",
            help="What limiters allow; 'none' where it is unknown [ratelimit:*=none].",
        ),
        click.option("--leaderboard", "leaderboards", multiple=True, metavar="PATTERN", help="Sorted sets to rank."),
        click.option("--cache", "caches", multiple=True, metavar="NAME=PATTERN", help="Keys of one cache."),
        refresh_option,
        click.option(
            "--budget",
            type=Number(0, 1, min_open=True),
            metavar="SHARE",
            help="Share of a server core for scanning [0.01].",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def read_config(url: str | None, config_file: Path | None, given: dict[str, Any]) -> Config:
    """Defaults < file < environment < the flags that were given."""
    flags = {name: value for name, value in given.items() if value not in (None, ())}
    if url is not None:
        flags["url"] = url
    limits = flags.pop("limits", ())
    patterns = [limit for limit in limits if "=" in limit]
    if patterns:
        flags["limits"] = [_limit_pattern(limit) for limit in patterns]
    if len(limits) - len(patterns) > 1:
        raise ConfigError("--limit without a pattern may be given once")
    for limit in limits:
        if "=" not in limit:
            flags["limit"] = _limit(limit)
    if "caches" in flags:
        flags["caches"] = [_cache_pattern(cache) for cache in flags["caches"]]
    return load(config_file, flags)


def _limit(text: str) -> str:
    if text == "none":
        return ""
    parse_rule(text)
    return text


def _limit_pattern(text: str) -> dict[str, str]:
    keys, _, limit = text.rpartition("=")
    if not keys:
        raise ConfigError(f"--limit is written [PATTERN=]N/SECONDS, for example rl:*=100/60, not {text!r}")
    return {"keys": keys, "limit": _limit(limit)}


def _cache_pattern(text: str) -> dict[str, str]:
    name, equals, keys = text.partition("=")
    if not (name and equals and keys):
        raise ConfigError(f"--cache is written NAME=PATTERN, for example pages=page:*, not {text!r}")
    return {"name": name, "keys": keys}


@main.command()
@deployment_options
def watch(url: str | None, config_file: Path | None, **given: Any) -> None:
    """Open the dashboard (the default command)."""
    config = _config_or_exit(url, config_file, given)
    _require_terminal()
    gc.disable()  # until the feed opens: no object of the start becomes garbage
    from redis_dash.tui.start import run_dashboard

    run_dashboard(config, choices=_choices_or_exit(config, config_file))


@main.command()
@deployment_options
@click.option("--for", "seconds", type=Number(0, 86_400), default=5.0, help="Seconds to watch [5].")
@click.option("--full", is_flag=True, help="First scan the whole keyspace at full speed.")
@click.option("--topic", "topics", multiple=True, type=Topic(), metavar="TOPIC", help="Only these topics [all].")
def snapshot(
    url: str | None, config_file: Path | None, seconds: float, full: bool, topics: tuple[str, ...], **given: Any
) -> None:
    """Watch for a while, then print all figures as JSON.

    Ctrl-C takes it now. Exit codes: 0 all topics are there, 1 nothing could be reached, 2 bad usage, 3 some topic
    failed, 4 it could not be written.
    """
    config = _config_or_exit(url, config_file, given)
    choices = _choices_or_exit(config, config_file)
    import asyncio

    from redis_dash.snapshot import take

    try:
        document, code = asyncio.run(take(config, seconds, topics, full=full, choices=choices))
    except asyncio.CancelledError:  # by a second Ctrl-C
        raise click.Abort from None
    except DashError as error:
        _exit(str(error), USAGE if isinstance(error, ConfigError) else UNWRITTEN)
    deliver(document.encode() + b"\n")
    sys.exit(code)


@main.command()
@target_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--write", type=click.Path(path_type=Path), metavar="PATH", help="Write a config.toml for them: a new file."
)
def discover(
    url: str | None, config_file: Path | None, database: int | None, as_json: bool, write: Path | None
) -> None:
    """List what kinds of keys there are, and which frameworks write them.

    Scans all keys once at full speed; of very many, a sample of the names is looked at. Exit codes: 0 listed,
    1 nothing could be reached, 2 bad usage, 3 the keys may not be read, 4 something could not be written: an existing
    file is left as it is.
    """
    config = _config_or_exit(url, config_file, {"database": database})
    choices = _choices_or_exit(config, config_file)
    if write is not None and write.exists():
        _exit(f"{write}: is there already, and is left as it is", UNWRITTEN)
    import asyncio

    from redis_dash.discover import discover as listed

    text, code = asyncio.run(listed(config, as_json=as_json, write=write, choices=choices))
    if text:
        deliver(text.encode() + b"\n")
    sys.exit(code)


@main.command()
@click.option("--rate", type=Number(0.1, 1000), help="Requests a second of the workload.")
@click.option("--seed", type=int, help="Makes the workload's choices repeatable.")
@click.option("--redis-url", help="Use this Redis instead of a private one (it will be written to).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port of the demo application.")
@refresh_option
def demo(refresh_s: float | None, **given: Any) -> None:
    """Watch a demo application with its own Redis."""
    _require_terminal()
    from redis_dash.demo import DemoError, run_demo

    try:
        config = Config() if refresh_s is None else Config(refresh_s=refresh_s)
        run_demo(config, {name.replace("_", "-"): str(value) for name, value in given.items() if value is not None})
    except DemoError as error:
        _exit(str(error), 1)


def _config_or_exit(url: str | None, config_file: Path | None, given: dict[str, Any]) -> Config:
    if url is not None and (command := _meant(url, main.commands)):
        _exit(f"{url!r} is no Redis URL; did you mean the command '{command}'? It comes before all options", USAGE)
    try:
        return read_config(url, config_file, given)
    except ConfigError as error:
        _exit(str(error), USAGE)


def _choices_or_exit(config: Config, config_file: Path | None) -> Choices:
    """What was chosen in the dashboard for this server."""
    try:
        return choices_for(config.url, config_file or config_path())
    except ConfigError as error:
        _exit(str(error), USAGE)


def _require_terminal() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        _exit("the dashboard needs a terminal; `redis-dash snapshot` prints the same figures as JSON", USAGE)


def _exit(message: str, code: int) -> NoReturn:
    Talk().say(message)
    sys.exit(code)

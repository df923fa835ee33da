"""The command line. A front end is imported only when its command runs."""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

import click

from redis_dash import __version__, crash_report
from redis_dash.config import Choices, Config, choices_for, config_path
from redis_dash.config_command import config_group
from redis_dash.core.errors import ConfigError
from redis_dash.options import (
    UNSET,
    FilePath,
    Number,
    SectionedCommand,
    Topic,
    deployment_options,
    read_config,
    refresh_option,
    screen_option,
    target_options,
    write_sections,
)
from redis_dash.standard_streams import Talk, deliver, open_missing, silence
from redis_dash.terminal_kind import unpaintable

USAGE, UNWRITTEN, INTERRUPTED = 2, 4, 130
"""Exit codes; a snapshot has further ones, and ``crash_report`` has that of an error in redis-dash itself."""
_UNWRITABLE = (errno.EPIPE, errno.ENOSPC, errno.EIO, errno.EBADF, errno.EFBIG, errno.EDQUOT)
"""Errors of an output; any other one is a defect where nothing expects it."""


class DefaultCommand(click.Group):
    """Treats ``redis-dash redis://…`` as ``redis-dash watch redis://…``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Insert the default command if none is named."""
        if any(not _is_text(arg) for arg in args):
            raise click.UsageError("an argument holds bytes that are not UTF-8", ctx)
        args = self._command_first(args)
        if not args or (args[0] not in self.commands and args[0] not in ("--help", "--version", "-h")):
            if args and (meant := _meant(args[0], self.commands)):
                raise click.UsageError(f"there is no command {args[0]!r}; did you mean '{meant}'?", ctx)
            args = ["watch", *args]
        return super().parse_args(ctx, args)

    def _command_first(self, args: list[str]) -> list[str]:
        """Put a command that stands after options before them, with its own command: they are its options."""
        values = {name: one for one in self.commands["watch"].params for name in one.opts + one.secondary_opts}
        at = 0
        while at < len(args) and args[at].startswith("-"):
            name, equals, _ = args[at].partition("=")
            option = values.get(name if name.startswith("--") else name[:2])
            if not isinstance(option, click.Option):
                return args
            is_whole = equals or (not name.startswith("--") and len(name) > 2)
            at += 1 if option.is_flag or is_whole else 2
        command, rest = args[at : at + 1], args[at + 1 :]
        if not command or command[0] not in self.commands:
            return args
        inner = getattr(self.commands[command[0]], "commands", {})
        if rest and rest[0] in inner:
            command, rest = [*command, rest[0]], rest[1:]
        return [*command, *args[:at], *rest]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the options of the default command, too."""
        write_sections(self.commands["watch"], ctx, formatter, rest=False)
        super().format_options(ctx, formatter)

    def main(self, *args: Any, **more: Any) -> NoReturn:
        """Run on streams that may be closed or full; Ctrl-C ends with a message, a defect with a report."""
        open_missing()
        crash_report.listen()
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
            code = UNWRITTEN if error.errno in _UNWRITABLE else crash_report.end(error)
            silence(sys.stdout)
            if code == UNWRITTEN and error.errno != errno.EPIPE:
                Talk().say(f"cannot write: {error.strerror}")
        except Exception as error:
            code = crash_report.end(error)
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
    redis-dash redis+sentinel://host1,host2/mymaster   or redis+cluster://host1,host2
    redis-dash demo                        a living system to look at; needs no Redis
    redis-dash snapshot --for 5            the same figures as JSON
    redis-dash doctor                      what may I here, and what is missing?
    """


@main.command(cls=SectionedCommand)
@deployment_options
@screen_option
def watch(url: str | None, config_file: Path | None, **given: Any) -> None:
    """Open the dashboard (the default command)."""
    config = _config_or_exit(url, config_file, given)
    _require_terminal()
    gc.disable()  # until the feed opens: no object of the start becomes garbage
    from redis_dash.tui.start import run_dashboard

    run_dashboard(config, choices=_choices_or_exit(config, config_file))


@main.command(cls=SectionedCommand)
@deployment_options
@click.option("--for", "seconds", type=Number(0, 86_400), default=5.0, help="Seconds to watch [5].")
@click.option("--full", is_flag=True, help="First scan the whole keyspace at full speed.")
@click.option("--topic", "topics", multiple=True, type=Topic(), metavar="TOPIC", help="Only these topics [all].")
def snapshot(
    url: str | None, config_file: Path | None, seconds: float, full: bool, topics: tuple[str, ...], **given: Any
) -> None:
    """Watch for a while, then print all figures as JSON.

    Ctrl-C or SIGTERM takes it now. Exit codes: 0 all topics are there, 1 nothing could be reached, 2 bad usage, 3 some
    topic failed, 4 it could not be written.
    """
    config = _config_or_exit(url, config_file, given)
    choices = _choices_or_exit(config, config_file)
    import asyncio

    from redis_dash.snapshot import take

    try:
        document, code = asyncio.run(take(config, seconds, topics, full=full, choices=choices))
    except asyncio.CancelledError:  # by a second Ctrl-C
        raise click.Abort from None
    except ConfigError as error:
        _exit(str(error), USAGE)
    deliver(document.encode() + b"\n")
    sys.exit(code)


@main.command(cls=SectionedCommand)
@target_options
@screen_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--write", type=FilePath(), metavar="PATH", help="Write a config.toml for them: a new file.")
def discover(url: str | None, config_file: Path | None, as_json: bool, write: Path | None, **given: Any) -> None:
    """List what kinds of keys there are, and which frameworks write them.

    Scans all keys once at full speed; of very many, a sample of the names is looked at. Exit codes: 0 listed,
    1 nothing could be reached, 2 bad usage, 3 the keys may not be read, 4 something could not be written: an existing
    file is left as it is.
    """
    config = _config_or_exit(url, config_file, given)
    choices = _choices_or_exit(config, config_file)
    if write is not None and os.path.lexists(write):  # False if it cannot be looked at: writing tells why
        _exit(f"{write}: is there already, and is left as it is", UNWRITTEN)
    import asyncio

    from redis_dash.discover import discover as listed

    text, code = asyncio.run(listed(config, as_json=as_json, write=write, choices=choices))
    if text:
        deliver(text.encode() + b"\n")
    sys.exit(code)


@main.command(cls=SectionedCommand)
@target_options
@screen_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(url: str | None, config_file: Path | None, as_json: bool, **given: Any) -> None:
    """Tell what your user may do here, and which line grants what is missing.

    Also the server's version, latency and clock, and what watching will cost. Nothing is written. Exit codes: 0 all
    topics are full, 1 nothing could be reached, 2 bad usage, 3 some topic is reduced or off.
    """
    config = _config_or_exit(url, config_file, given)
    choices = _choices_or_exit(config, config_file)
    import asyncio

    from redis_dash.doctor import doctor as examined

    text, code = asyncio.run(examined(config, as_json=as_json, choices=choices))
    if text:
        deliver(text.encode() + b"\n")
    sys.exit(code)


@main.command()
@click.option("--rate", type=Number(0.1, 1000), help="Requests a second of the workload.")
@click.option("--seed", type=int, help="Makes the workload's choices repeatable.")
@click.option("--redis-url", help="Use this Redis instead of a private one (it will be written to).")
@click.option("--cluster", "kind", flag_value="cluster", help="Three primaries of its own and their replicas.")
@click.option("--sentinel", "kind", flag_value="sentinel", help="A primary of its own, a replica and three sentinels.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port of the demo application.")
@refresh_option
@screen_option
def demo(refresh_s: float | None, kind: str | None, **given: Any) -> None:
    """Watch a demo application with its own Redis."""
    if kind is not None and given["redis_url"] is not None:
        raise click.UsageError(f"--{kind} starts servers of its own: leave out --redis-url")
    if given["redis_url"] == "":
        raise click.UsageError(f"--redis-url: {UNSET}")
    _require_terminal()
    from redis_dash.demo import DemoError, run_demo

    try:
        screen = {"ascii": given.pop("ascii"), "refresh_s": refresh_s}
        config = Config(**{name: value for name, value in screen.items() if value is not None})
        run_demo(
            config, {name.replace("_", "-"): str(value) for name, value in given.items() if value is not None}, kind
        )
    except DemoError as error:
        _exit(str(error), 1)


main.add_command(config_group)


def _config_or_exit(url: str | None, config_file: Path | None, given: dict[str, Any]) -> Config:
    if url is not None and (command := _meant(url, main.commands)):
        _exit(f"{url!r} is no Redis URL; did you mean the command '{command}'?", USAGE)
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
    instead = "`redis-dash snapshot` prints the same figures as JSON"
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        _exit(f"the dashboard needs a terminal; {instead}", USAGE)
    if why := unpaintable():
        _exit(f"the dashboard cannot be painted on this terminal, since {why}; {instead}", USAGE)


def _exit(message: str, code: int) -> NoReturn:
    Talk().say(message)
    sys.exit(code)

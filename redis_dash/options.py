"""The options of the command line, by what they are about, and the configuration that they lead to."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from redis_dash.config import Config, Settings, load, parse_rule, settings
from redis_dash.core.errors import ConfigError

WHERE, PASSWORD, TLS, WHAT, SCREEN = "Where Redis is", "User and password", "TLS", "What is watched", "The screen"
"""The sections of the help."""
UNSET = "the value is empty; is a variable of the shell not set?"


class Number(click.FloatRange):
    """A range that does not accept ``nan``."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Convert to a number within the range."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail("nan is no number.", param, ctx)
        return number


class FilePath(click.Path):
    """The path of a file, which is not empty."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Convert to a path."""
        if value == "":
            self.fail(UNSET, param, ctx)
        return super().convert(value, param, ctx)


class Topic(click.ParamType[str]):
    """A topic's name; the sources are imported only if one is given."""

    name = "topic"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Convert to the name of a source."""
        from redis_dash.sources import SOURCES

        return str(click.Choice([source.topic for source in SOURCES]).convert(value, param, ctx))


class SectionOption(click.Option):
    """An option in a section of the help."""

    def __init__(self, *names: Any, section: str = "Options", **more: Any) -> None:
        super().__init__(*names, **more)
        self.section = section


class SectionedCommand(click.Command):
    """A command whose help shows its options by section."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the options."""
        write_sections(self, ctx, formatter)


def write_sections(
    command: click.Command, ctx: click.Context, formatter: click.HelpFormatter, *, rest: bool = True
) -> None:
    """Write the options of a command by section, those without a section last.

    Args:
        rest: whether to write those without a section.
    """
    sections: dict[str, list[tuple[str, str]]] = {}
    for one in command.get_params(ctx):
        section = getattr(one, "section", "Options")
        record = one.get_help_record(ctx) if isinstance(one, click.Option) else None
        if record is not None and (rest or section != "Options"):
            sections.setdefault(section, []).append(record)
    for name in sorted(sections, key=lambda name: name == "Options"):
        with formatter.section(name):
            formatter.write_dl(sections[name])


def option(section: str, *names: str, **more: Any) -> Callable[[Any], Any]:
    """An option in a section."""
    return click.option(*names, cls=SectionOption, section=section, **more)


refresh_option = option(
    WHAT, "--refresh", "refresh_s", type=Number(0.1, 3600), metavar="SECONDS", help="Pause between polls [1]."
)

screen_option = option(
    SCREEN, "--ascii/--no-ascii", default=None, help="Draw in ASCII, without Unicode [as the locale says]."
)

_TARGET: list[Callable[[Any], Any]] = [
    click.argument("url", required=False),
    option(
        WHERE,
        "-n",
        "--database",
        type=click.IntRange(0, 2**31 - 1),
        metavar="N",
        help="Number of the database [that of the URL, or 0].",
    ),
    option(WHERE, "-p", "--profile", metavar="NAME", help="A profile of the configuration file."),
    option(WHERE, "--config", "config_file", type=FilePath(), help="Configuration file (TOML)."),
    option(WHERE, "--ssh", metavar="USER@HOST", help="Connect through this host, by the program ssh."),
    option(WHERE, "--read-from-replicas", is_flag=True, default=None, help="Read replicas in place of primaries."),
    option(PASSWORD, "--user", metavar="NAME", help="ACL user [that of the URL, or default]."),
    option(PASSWORD, "--ask-password", is_flag=True, default=None, help="Ask for the password on the terminal."),
    option(PASSWORD, "--password-file", metavar="FILE", help="Its first line is the password."),
    option(PASSWORD, "--password-command", metavar="COMMAND", help="The first line that it prints is the password."),
    option(PASSWORD, "--sentinel-user", metavar="NAME", help="User of the sentinels themselves [default]."),
    option(PASSWORD, "--ask-sentinel-password", is_flag=True, default=None, help="Ask for their password."),
    option(PASSWORD, "--sentinel-password-file", metavar="FILE", help="Its first line is their password."),
    option(PASSWORD, "--sentinel-password-command", metavar="COMMAND", help="The first line that it prints is it."),
    option(TLS, "--cacert", metavar="FILE", help="Authorities to trust, in place of the system's."),
    option(TLS, "--cert", metavar="FILE", help="Certificate that is shown to the server."),
    option(TLS, "--key", metavar="FILE", help="Its private key [in the same file]."),
    option(TLS, "--sni", metavar="NAME", help="Name that the server's certificate holds [host of the URL]."),
    option(TLS, "--insecure", is_flag=True, default=None, help="Accept any certificate: this may be another server."),
]
_WATCHED: list[Callable[[Any], Any]] = [
    option(WHAT, "--channel", "channels", multiple=True, metavar="PATTERN", help="Channels to listen to [*]."),
    option(WHAT, "--shard-channel", "shard_channels", multiple=True, metavar="NAME", help="Channels of SPUBLISH."),
    option(WHAT, "--stream", "streams", multiple=True, metavar="KEY", help="Streams to follow."),
    option(WHAT, "--session", "sessions", multiple=True, metavar="PATTERN", help="Keys of sessions [session:*]."),
    option(
        WHAT,
        "--limit",
        "limits",
        multiple=True,
        metavar="[PATTERN=]N/SECONDS",
        help="What limiters allow; 'none' where it is unknown [ratelimit:*=none].",
    ),
    option(WHAT, "--leaderboard", "leaderboards", multiple=True, metavar="PATTERN", help="Sorted sets to rank."),
    option(WHAT, "--cache", "caches", multiple=True, metavar="NAME=PATTERN", help="Keys of one cache."),
    refresh_option,
    option(
        WHAT,
        "--budget",
        type=Number(0, 1, min_open=True),
        metavar="SHARE",
        help="Share of a server core for scanning [0.01].",
    ),
]


def target_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of where Redis is, and of the way to it."""
    for one in reversed(_TARGET):
        command = one(command)
    return command


def deployment_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of where Redis is and what is watched, the same for every front end that watches."""
    for one in reversed(_WATCHED):
        command = one(command)
    return target_options(command)


def read_config(url: str | None, config_file: Path | None, given: dict[str, Any]) -> Config:
    """Defaults < file < environment < profile < the flags that were given."""
    profile, flags = _flags(url, given)
    return load(config_file, flags, profile=profile)


def read_settings(url: str | None, config_file: Path | None, given: dict[str, Any]) -> Settings:
    """The same with the origin of each setting; no password is read."""
    profile, flags = _flags(url, given)
    return settings(config_file, flags, profile=profile)


def _flags(url: str | None, given: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """The profile, and the flags that were given, named like the settings."""
    flags = {name: value for name, value in given.items() if value not in (None, ())}
    profile = flags.pop("profile", None)
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
    return profile, flags


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

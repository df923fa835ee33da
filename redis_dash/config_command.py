"""``redis-dash config``: which files are read, what holds, and what is wrong."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from redis_dash.core.errors import ConfigError
from redis_dash.options import (
    WHERE,
    FilePath,
    SectionedCommand,
    deployment_options,
    option,
    read_settings,
    screen_option,
)
from redis_dash.standard_streams import Talk, deliver, printable

USAGE = 2


class ConfigGroup(click.Group):
    """Options belong after the command: ``redis-dash config check --config PATH``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Say where an option belongs that stands too early."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            said = error.format_message().rstrip(".")
            raise click.UsageError(f"{said}. Options come after {', '.join(self.commands)}.", ctx) from None


@click.group("config", cls=ConfigGroup)
def config_group() -> None:
    """Tell about the configuration: its files, what holds, what is wrong."""


file_option = option(WHERE, "--config", "config_file", type=FilePath(), help="Configuration file (TOML).")


@config_group.command("path", cls=SectionedCommand)
@file_option
def show_path(config_file: Path | None) -> None:
    """Print which files are read, and whether they are there."""
    _print(_report().files(config_file))


@config_group.command("show", cls=SectionedCommand)
@deployment_options
@screen_option
def show(url: str | None, config_file: Path | None, **given: Any) -> None:
    """Print all settings that hold, and where each one is from.

    It takes the options of the dashboard. Passwords are not printed, and password commands are not run.
    """
    try:
        _print(_report().shown(read_settings(url, config_file, given)))
    except ConfigError as error:
        Talk().say(str(error))
        sys.exit(USAGE)


@config_group.command("check", cls=SectionedCommand)
@file_option
def check(config_file: Path | None) -> None:
    """Print what is wrong in the files, with line and setting.

    Exit codes: 0 nothing is wrong, 2 something is.
    """
    errors = list(_report().check(config_file))
    _print("\n".join(errors) if errors else "nothing is wrong")
    sys.exit(USAGE if errors else 0)


def _report() -> ModuleType:
    from redis_dash.config import report  # imported here for a quick start of the other commands

    return report


def _print(text: str) -> None:
    deliver("".join(f"{printable(line)}\n" for line in text.split("\n")).encode())

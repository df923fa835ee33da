"""Writes the tables of docs/rights.md: ``python -m tests.unit.rights_page``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from redis_dash.config import CachePattern, Config
from redis_dash.core.rights import shown_command
from redis_dash.diagnosis.needs import READER, Needs, besides, topics

PAGE = Path(__file__).parents[2] / "docs" / "rights.md"
CONFIG = Config(caches=(CachePattern("pages", "page:*", "cache:stats:pages"),), streams=("orders",))
"""The settings of the page: the defaults, one cache and one stream."""


def page(text: str) -> str:
    """The page with the tables as they are now."""
    parts = {
        "reader": f"```\nACL SETUSER watcher on >secret {' '.join(READER)}\n```",
        "topics": sections(topics(CONFIG).values()),
        "besides": sections(besides(CONFIG).values()),
    }
    for name, part in parts.items():
        before, begin, rest = text.partition(f"<!-- {name} -->\n")
        text = "".join((before, begin, part, "\n", *rest.partition("<!-- end -->")[1:]))
    return text


def sections(found: Iterable[Needs]) -> str:
    return "\n\n".join(map(section, found))


def section(needs: Needs) -> str:
    """The line, and what is missing without each of its commands."""
    title = needs.name.replace("_", " ").capitalize()
    by_meaning: dict[str, list[str]] = {}
    for need in needs.commands:
        by_meaning.setdefault(need.without, []).append(shown_command(need.command))
    rows = [f"| {', '.join(f'`{name}`' for name in names)} | {without} |" for without, names in by_meaning.items()]
    if needs.reads or needs.writes:
        shown = ", ".join(f"`{glob}`" for glob in dict.fromkeys((*needs.reads, *needs.writes)))
        rows.append(f"| keys {shown} | they may not be {'written' if needs.writes else 'read'} |")
    if needs.channels:
        rows.append(f"| channels {', '.join(f'`{name}`' for name in needs.channels)} | they are not received |")
    line = f"```\nACL SETUSER watcher {' '.join(needs.rules())}\n```"
    return "\n".join([f"### {title}", "", line, "", "| without | |", "|---|---|", *rows])


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))

"""The front end that tells what our user may do on a server, and which line grants what is missing."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from redis_dash.config import Choices, Config, Url
from redis_dash.core.errors import SourceError
from redis_dash.core.frames.keys import KeyKind
from redis_dash.core.json_text import json_text
from redis_dash.core.rights import remedy
from redis_dash.crash_report import on_loop_error
from redis_dash.diagnosis.report import Report, examine
from redis_dash.diagnosis.rights import Right
from redis_dash.doctor_text import report_text
from redis_dash.standard_streams import Talk
from redis_dash.tui.printed_text import printed_text

OK, UNREACHABLE, NOT_FULL = 0, 1, 3
"""Exit codes: all topics are full, nothing to watch was reached, some topic is reduced or off."""


async def doctor(
    config: Config, *, as_json: bool, talk: Talk | None = None, choices: Choices | None = None
) -> tuple[str, int]:
    """Find out, and return the text and the exit code.

    Args:
        choices: what the user has chosen in the dashboard.
    """
    asyncio.get_running_loop().set_exception_handler(on_loop_error)
    try:
        report = await examine(config, choices)
    except SourceError as error:
        url = Url(config.url)
        (talk or Talk()).say(f"{url.described}: {error}")
        report = Report(url, url.user, config.budget, was_encrypted=False, trouble=str(error))
        return json_text(_document(report)) if as_json else "", UNREACHABLE
    text = json_text(_document(report)) if as_json else printed_text(lambda: report_text(report), config.ascii)
    return text, UNREACHABLE if report.trouble else OK if report.is_full else NOT_FULL


def _document(report: Report) -> dict[str, Any]:
    return {
        "schema": 1,
        **report.url.facts(was_encrypted=report.was_encrypted),
        "user": report.user,
        "trouble": report.trouble or None,
        "server": msgspec.to_builtins(report.server),
        "is_part": bool(report.partial),
        "budget": report.budget,
        "asked_by": report.how,
        "topics": {right.name: _right(right, report.user) for right in report.topics},
        "besides": {right.name: _right(right, report.user) for right in report.besides},
        "all_topics": remedy(report.user, [rule for right in report.topics for rule in right.rules]) or None,
        "unknown_commands": report.unknown,
        "names": report.names,
        "kinds": list(map(_kind, report.kinds)),
        "more_kinds": report.more_kinds,
    }


def _right(right: Right, user: str) -> dict[str, Any]:
    return {
        "state": right.state,
        "reasons": right.reasons,
        "not_told": right.not_told,
        "grant": right.line(user) or None,
    }


def _kind(kind: KeyKind) -> dict[str, Any]:
    return {
        "keys": kind.name,
        "count": kind.count.value,
        "certainty": kind.count.certainty,
        "recognised": [one.name for one in kind.recognised],
        "refused": bool(kind.refused),
        "topics": [topic for topic, _ in kind.watched],
    }

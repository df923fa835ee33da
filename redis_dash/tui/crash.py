"""The text that is printed when a defect ends the dashboard."""

from __future__ import annotations

import traceback

from rich.text import Text


def crash_report(error: BaseException | None) -> Text:
    """The kind of the error and the place that raised it.

    Without the error's text and local variables: they may hold a session id, or bytes that control a terminal.
    """
    frames = traceback.format_tb(error.__traceback__) if error is not None else []
    kind = type(error).__name__
    return Text(f"redis-dash ended because of a defect of its own ({kind}):\n{''.join(frames)}".rstrip())

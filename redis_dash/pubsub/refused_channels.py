"""Channels and patterns that our user may not subscribe to."""

from __future__ import annotations

from collections.abc import Mapping

from redis_dash.client.reasons import say
from redis_dash.core.errors import MissingRightError
from redis_dash.core.resp import ReplyError
from redis_dash.core.rights import missing_right, rules_for


def missing_rights(refused: Mapping[str, ReplyError], *, some_allowed: bool) -> MissingRightError:
    """One error for all refused channels: their names, and the rules that would allow them.

    Args:
        refused: the server's answers, by channel.
        some_allowed: whether other channels are received.
    """
    channels = [name for name, error in refused.items() if missing_right(error) == "channels"]
    texts = [f"not allowed to listen to {', '.join(channels)}"] if channels else []
    rules = [f"&{name}" for name in channels]
    by_command: dict[str, list[str]] = {}
    for name, error in refused.items():
        if missing_right(error) != "channels":
            by_command.setdefault(say(error), []).append(name)
            rules += rules_for(error)
    for text, names in by_command.items():
        are = "is" if len(names) == 1 else "are"
        texts.append(f"{text}: {', '.join(names)} {are} not received" if some_allowed else text)
    return MissingRightError("; ".join(texts), tuple(dict.fromkeys(rules)))

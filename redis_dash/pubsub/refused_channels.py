"""Channels and patterns that our user may not subscribe to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from redis_dash.client.reasons import say
from redis_dash.core.errors import MissingRightError
from redis_dash.core.globs import encoded
from redis_dash.core.resp import Command, ReplyError
from redis_dash.core.rights import missing_right, rules_for

is_glob = set("*?[\\").intersection
"""Whether a name is a pattern."""


class Checked(NamedTuple):
    """What is known of the rights on channels for which only the command was refused."""

    missing: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def other_command(name: str, refusal: ReplyError) -> Command | None:
    """What shows the right on a channel for which the command was refused; None if nothing is to be shown.

    The server checks the command before the channel.
    """
    if missing_right(refusal) != "command":
        return None
    return (b"SUBSCRIBE" if is_glob(name) else b"PSUBSCRIBE", encoded(name))


def checked(names: Sequence[str], replies: Sequence[object], *, is_announced: bool) -> Checked:
    """What the replies to ``other_command`` show.

    A pattern must be allowed literally, or all channels; if so, its text is also the name of an allowed channel.

    Args:
        is_announced: whether our own channel may be listened to, as where all channels are allowed.
    """
    missing, unknown = [], []
    for name, reply in zip(names, replies, strict=True):
        is_refused = isinstance(reply, ReplyError)
        is_channel = isinstance(reply, ReplyError) and missing_right(reply) == "channels"
        if is_channel and is_glob(name) and not set(name) & set("[\\"):
            missing.append(name)
        elif is_refused or (is_glob(name) and not is_announced):
            unknown.append(name)
    return Checked(tuple(missing), tuple(unknown))


def missing_rights(
    refused: Mapping[str, ReplyError], *, some_allowed: bool, others: Checked | None = None
) -> MissingRightError:
    """One error for all refused channels: their names, and the rules that would allow them.

    Args:
        refused: the server's answers, by channel.
        some_allowed: whether other channels are received.
        others: of those for which only the command was refused.
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
    if others and others.missing:
        texts[-1] += f", nor to listen to {', '.join(others.missing)}"
        rules += [f"&{name}" for name in others.missing]
    if others and others.unknown:
        texts.append(f"rights to listen to {', '.join(others.unknown)} cannot be checked yet")
    return MissingRightError("; ".join(texts), tuple(dict.fromkeys(rules)))

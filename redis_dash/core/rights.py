"""Reads which right an error reply says is missing: the servers' words for it differ between versions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from redis_dash.core.resp import Command, ReplyError

Right = Literal["command", "keys", "channels", "unknown command"]
"""What may not be used. ``unknown command``: no right helps, since the server does not know the command."""


class UnreadKinds(NamedTuple):
    """Kinds of keys that cannot be recognised, because our user may not read them."""

    kinds: int
    keys: str
    """How many keys they are, as far as is known: ``312 keys``, ``up to 312 keys``."""
    rules: tuple[str, ...]
    """The ACL rules that would allow it."""
    unsure: tuple[str, ...] = ()
    """Refused commands that may be needed, too: the types of the keys are not known."""
    is_checked: bool = True
    """Whether it is known which keys are refused: False as long as no command on a key is allowed."""

    @property
    def doubt(self) -> str:
        """What may be missing besides the rules; empty if nothing."""
        doubts = [] if self.is_checked else ["rights to read them cannot be checked yet"]
        doubts += [f"perhaps {', '.join(self.unsure)} must be allowed, too"] if self.unsure and self.is_checked else []
        return "; ".join(doubts)


_ABORTED = "EXECABORT Transaction discarded because of: "
_TARGET = re.compile(r"to access (?:a|one of the) (key|channel)")
_COMMAND = re.compile(r"to run the '([^']*)' command")
_OF_ALL = re.compile(r"'([^'|]*)' command or its subcommand")
"""How servers before Redis 7 name a command, without the subcommand."""
WITH_SUBCOMMANDS = frozenset({b"ACL", b"CLIENT", b"CLUSTER", b"MEMORY", b"PUBSUB", b"SENTINEL", b"XINFO"})
"""Commands of ours whose subcommands have rights of their own."""
_RULE = re.compile(r"(?P<use>(?:%R|%W)?~|&)(?P<glob>.*)", re.DOTALL)
_UNKNOWN = re.compile(r"ERR unknown command ['`]([^'`]*)['`]")


def missing_right(error: ReplyError) -> Right | None:
    """The right that is missing; None if the error is about something else."""
    text = str(error).removeprefix(_ABORTED)
    if text.startswith("ERR unknown command"):
        return "unknown command"
    if not text.startswith("NOPERM"):
        return None
    target = _TARGET.search(text)
    if target is None:
        return "command"
    return "keys" if target[1] == "key" else "channels"


def refused_command(error: ReplyError) -> str:
    """The command that may not be run, as an ACL rule names it: ``client|list``; empty if the error does not say."""
    match = _COMMAND.search(str(error)) or _UNKNOWN.match(str(error))
    return match[1].lower() if match else ""


def with_subcommand(text: str, command: Command) -> str:
    """The text of an error reply to a command, which names the subcommand as later servers do: ``xinfo|stream``."""
    name, *words = command[:2]
    if name not in WITH_SUBCOMMANDS or not words or not text.startswith("NOPERM"):
        return text
    return _OF_ALL.sub(lambda found: f"'{found[1]}|{words[0].decode().lower()}' command", text)


def rules_for(error: ReplyError) -> tuple[str, ...]:
    """The ACL rules that would allow the command; empty if the error does not name it, or no rule helps."""
    command = refused_command(error) if missing_right(error) == "command" else ""
    return (f"+{command}",) if command else ()


def shown_command(name: str) -> str:
    """A command as users write it: ``MEMORY USAGE`` for ``memory|usage``."""
    return name.upper().replace("|", " ")


def remedy(user: str, rules: Iterable[str]) -> str:
    """The command that grants the rights: ``ACL SETUSER ann +scan %R~sess:*``; empty without a rule."""
    rules = list(dict.fromkeys(rules))
    needed = [rule for rule in rules if not any(_grants_more(one, rule) for one in rules)]
    words = [
        f'"{rule}"' if re.search(r"[\s'\"]", rule) and not rule.startswith("(") else rule for rule in (user, *needed)
    ]
    return f"ACL SETUSER {' '.join(words)}" if len(words) > 1 else ""


def _grants_more(rule: str, other: str) -> bool:
    """Whether a rule for keys or channels grants more than another: ``~rl:*`` more than ``%R~rl:a:*``."""
    ours, others = _RULE.fullmatch(rule), _RULE.fullmatch(other)
    if ours is None or others is None or rule == other:
        return False
    begin = ours["glob"].removesuffix("*")
    is_prefix = begin != ours["glob"] and not set(begin) & set("*?[\\")
    same_use = ours["use"] == others["use"] or (ours["use"], others["use"]) in (("~", "%R~"), ("~", "%W~"))
    return is_prefix and same_use and others["glob"].startswith(begin)

"""Which kinds of keys our user may not read, and which rights are missing for that: all that can be found out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from redis_dash.core.rights import UnreadKinds, shown_command
from redis_dash.dialects.layout import Layout
from redis_dash.dialects.registry import layouts
from redis_dash.discovery.kinds import KindOfKeys
from redis_dash.keyspace.key_patterns import FoundPattern

MOST_GLOBS = 5
"""If more kinds may not be read, the rule is about all keys."""
COMPARED = 16
"""Names of a kind that are compared with those of frameworks."""
_ANY_NAME = b"any:name"
"""A layout that fits this name fits nearly all: another one says more."""
_ANY_IDS = (
    b"any",
    b"any:0a3c6f5e-1234-4321-8888-0123456789ab",
    b"any:" + b"0a" * 16,
    b"any:" + b"0a" * 20,
    b"any:" + b"aZ9k" * 8,
)
"""A layout that fits one of these knows only the form of an id: one that knows a framework's own names says more."""
Kind = tuple[FoundPattern, KindOfKeys]
Watched = Callable[[Sequence[bytes], str], Mapping[str, int]]
"""How many of these names, of keys of this type, the patterns of each topic match."""


def unread(
    kinds: Sequence[Kind], shown: Callable[[str], str], *, read_rules: bool, certain: Collection[str] = ()
) -> UnreadKinds | None:
    """What is missing to read these kinds; None if nothing is.

    Args:
        shown: returns a pattern as it may be shown.
        read_rules: whether an ACL can allow to read keys without writing them.
        certain: commands that are refused and needed for certain, as ACL rules name them.
    """
    refused = [(pattern, kind) for pattern, kind in kinds if kind.refused]
    if not refused:
        return None
    rules = [rule for _, kind in refused for rule in kind.rules]
    rules += key_rules([pattern.glob for pattern, kind in refused if kind.locked], shown, read_rules=read_rules)
    unsure = dict.fromkeys(command for _, kind in refused for command in kind.unsure)
    rules += [f"+{command}" for command in certain if shown_command(command) in unsure]
    needed = {shown_command(rule.removeprefix("+")) for rule in rules if rule.startswith("+")}
    return UnreadKinds(
        len(refused),
        _keys(refused),
        tuple(dict.fromkeys(rules)),
        tuple(command for command in unsure if command not in needed),
        all(kind.is_checked for _, kind in refused),
    )


def key_rules(globs: Sequence[str], shown: Callable[[str], str], *, read_rules: bool) -> list[str]:
    """The ACL rules that allow to read the keys of these patterns."""
    prefix = "%R~" if read_rules else "~"
    is_short = len(globs) <= MOST_GLOBS and all(shown(glob) == glob for glob in globs)
    return [f"{prefix}{glob}" for glob in (globs if is_short else ["*"])]


def of_topic(
    kinds: Sequence[Kind], topic: str, watched: Callable[[Sequence[bytes], str], Mapping[str, int]]
) -> list[Kind]:
    """Those kinds that may be of a topic, judging by name and type, and cannot be recognised for lack of a right.

    Args:
        watched: what the patterns of any topic match is watched already.
    """
    found = []
    for pattern, kind in kinds:
        names, types = pattern.keys[:COMPARED], {name for name, _ in kind.types}
        if not kind.refused or kind.claims or len(names) in watched(names, "").values():
            continue
        likely = [one for one in layouts() if not types or one.type in types]
        fitting = [one for one in likely if any(one.read_name(name) is not None for name in names)]
        if any(one.topic == topic for one in _most_telling(fitting)):
            found.append((pattern, kind))
    return found


def _most_telling(fitting: Sequence[Layout]) -> Sequence[Layout]:
    """Those of the layouts that say most by a name: a framework's own names, then the form of an id, then nothing."""
    telling = [one for one in fitting if one.read_name(_ANY_NAME) is None]
    own = [one for one in telling if all(one.read_name(name) is None for name in _ANY_IDS)]
    return [one for one in own if one.confidence == "certain"] or telling or fitting


def _keys(refused: Sequence[Kind]) -> str:
    """``312 keys``; ``up to 312 keys`` if others of these kinds may be readable."""
    counts = [pattern.count for pattern, _ in refused]
    number = sum(count.value for count in counts)
    about = "" if all(count.certainty in ("exact", "counted") for count in counts) else "~"
    is_sure = all(kind.refused == pattern.count.value for pattern, kind in refused)
    return f"{'' if is_sure else 'up to '}{about}{number:,} {'key' if number == 1 else 'keys'}"

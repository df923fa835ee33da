"""Commands of ours that a server does not know: by ``COMMAND INFO``, which runs none of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from redis_dash.client.node import Node
from redis_dash.core.rights import shown_command
from redis_dash.diagnosis.needs import Needs

_BESIDES = ("acl|whoami", "acl|dryrun", "discard", "hello", "getrange")
"""Commands that no need names: they tell of rights and of the server, or do for others."""


async def unknown_commands(node: Node, all_needs: Iterable[Needs]) -> tuple[str, ...]:
    """Those that are not known, as users write them; none if our user may not ask.

    Servers before Redis 7 tell only of whole commands.

    Raises:
        SourceError: the server could not be reached.
    """
    names = list(dict.fromkeys([*(name for needs in all_needs for name in _names(needs)), *_BESIDES]))
    whole = [name.partition("|")[0] for name in names]
    known = await _known(node, dict.fromkeys([*names, *whole]))
    tells_parts = any("|" in name for name in known)
    return tuple(
        shown_command(name)
        for name, command in zip(names, whole, strict=True)
        if known and (command not in known or (tells_parts and name not in known))
    )


def _names(needs: Needs) -> Iterator[str]:
    for need in needs.commands:
        yield need.command
        if need.instead:
            yield need.instead
    if needs.other_way is not None:
        yield from _names(needs.other_way.needs)


async def _known(node: Node, names: Iterable[str]) -> set[str]:
    asked = list(names)
    (told,) = await node.pipeline([(b"COMMAND", b"INFO", *map(str.encode, asked))])
    if not isinstance(told, list) or len(told) != len(asked):
        return set()
    return {name for name, facts in zip(asked, told, strict=True) if isinstance(facts, list) and facts}

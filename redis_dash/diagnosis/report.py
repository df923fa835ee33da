"""Everything that ``redis-dash doctor`` tells, found out within a second or two."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence

import msgspec

from redis_dash.client.deployment import Deployment
from redis_dash.client.node import Node
from redis_dash.config import Choices, Config, Url
from redis_dash.core.decoding import raw
from redis_dash.core.errors import MissingRightError, SourceError
from redis_dash.core.frames.keys import KeyKind
from redis_dash.core.patterns import Pattern
from redis_dash.diagnosis.needs import besides, topics
from redis_dash.diagnosis.recognition import as_recognised
from redis_dash.diagnosis.rights import Answers, Right
from redis_dash.diagnosis.server import Server, look_at
from redis_dash.diagnosis.unknown_commands import unknown_commands
from redis_dash.diagnosis.verdicts import How
from redis_dash.discovery.adopt import adopted, open_topics
from redis_dash.discovery.discovery import Discovery
from redis_dash.discovery.report import key_kinds, without_ids
from redis_dash.discovery.unread import of_topic
from redis_dash.pubsub.presence import announced
from redis_dash.sources import WatchedTopics

EXAMPLES = 50
"""Keys of one pattern that rights are asked about."""
KINDS = 10
"""Kinds of keys that are told."""
_THINGS = {"sessions": "sessions", "rate_limits": "limiters", "cache": "caches", "leaderboards": "leaderboards"}


class Report(msgspec.Struct):
    """What was found."""

    url: Url
    user: str
    budget: float
    server: Server = Server()
    partial: str = ""
    """What of a cluster is not seen; empty if all is."""
    topics: tuple[Right, ...] = ()
    besides: tuple[Right, ...] = ()
    """What else the dashboard does."""
    unknown_besides: tuple[str, ...] = ()
    """Commands that the server does not know and that no missing right tells of, such as one of two ways."""
    how: How = "tried"
    kinds: tuple[KeyKind, ...] = ()
    """Those of most keys."""
    names: int = 0
    """Names of keys that were looked at."""
    more_kinds: int = 0
    was_encrypted: bool = True
    """Whether a connection was made, by TLS if the URL wants it."""
    trouble: str = ""
    """Why there is nothing to watch here; empty if there is."""

    @property
    def is_full(self) -> bool:
        """Whether nothing is missing for any topic."""
        return not self.trouble and all(right.state == "full" for right in self.topics)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Commands that the server does not know."""
        found = (name for right in (*self.topics, *self.besides) for name in right.unknown)
        return tuple(dict.fromkeys((*found, *self.unknown_besides)))


async def examine(config: Config, choices: Choices | None = None) -> Report:
    """Connect, and find out.

    Args:
        choices: what the user has chosen in the dashboard.

    Raises:
        SourceError: nothing was reached.
    """
    deployment = Deployment.of(config)
    report = Report(deployment.url, deployment.url.user, config.budget)
    try:
        async with announced(deployment):
            try:
                await deployment.connect()
            except SourceError as error:
                if deployment.kind != "sentinel":
                    raise
                report.server, report.trouble = Server(mode="sentinel"), str(error)
                return report
            await _fill(report, deployment, config, choices)
    finally:
        await deployment.close()
    return report


async def _fill(report: Report, deployment: Deployment, config: Config, choices: Choices | None) -> None:
    report.server = await look_at(deployment, config.budget)
    report.partial = deployment.partial
    discovery, unconfigured = Discovery(deployment), open_topics(config)
    try:
        await discovery.first_look()
        unseen: Collection[str] = ()
    except MissingRightError:
        unseen = unconfigured
    watched = adopted(config, discovery.claims, choices).config
    shown = WatchedTopics(watched, frozenset(map(raw, config.streams)).__contains__)
    node = deployment.nodes[0]
    read_rules = deployment.has_read_rules

    def known(glob: str) -> list[bytes]:
        return [
            key for key in _examples(glob, discovery) if deployment.is_reached(key) and deployment.node_of(key) is node
        ]

    answers = Answers(node, deployment.database, without_ids, known, read_rules=read_rules)
    types = await _types(node, {limit.keys: known(limit.keys) for limit in watched.limits}, is_known=not unseen)
    needed, more = topics(watched, choices, types.get), besides(watched)
    await answers.ask([*needed.values(), *more.values()])
    report.unknown_besides = await unknown_commands(node, [*needed.values(), *more.values()])
    report.how, report.user = answers.how, await _user(deployment)
    report.topics = tuple(map(answers.of, needed.values()))
    if unseen:
        report.topics = tuple(
            one.with_unseen(_THINGS[one.name]) if one.name in unseen else one for one in report.topics
        )
    for topic in unconfigured - frozenset(unseen):
        if unread := discovery.unread(topic, shown, without_ids):
            possible = as_recognised(watched, topic, of_topic(discovery.kinds, topic, shown))
            more_needs = topics(possible, choices)[topic]._replace(reads=needed[topic].reads)
            await answers.ask([more_needs])
            rules = [rule for rule in answers.of(more_needs).rules if rule.startswith("+")]
            report.topics = tuple(
                one.with_unread(unread, _THINGS[topic], rules) if one.name == topic else one for one in report.topics
            )
    if report.partial:
        way_out = deployment.partial_rules
        report.topics = tuple(
            right if right.name == "events" else right.with_part(report.partial, way_out) for right in report.topics
        )
    report.besides = tuple(map(answers.of, more.values()))
    found = discovery.patterns.found
    report.names, report.more_kinds = discovery.patterns.result.seen, max(0, len(found) - KINDS)
    report.kinds = _recognised_first(key_kinds(discovery, found[:KINDS], shown, choices, config.ignore))


def _examples(glob: str, discovery: Discovery) -> list[bytes]:
    """Keys that the pattern matches, of each kind one."""
    pattern = Pattern(glob)
    of_kinds = (
        next((key for key in one.keys if pattern.variable(key) is not None), None) for one in discovery.patterns.found
    )
    return [key for key in of_kinds if key is not None][:EXAMPLES]


async def _types(node: Node, known: Mapping[str, Sequence[bytes]], *, is_known: bool) -> dict[str, frozenset[bytes]]:
    """The types of known keys, by the patterns that match them; of those that our user may ask for.

    Args:
        is_known: whether keys that are not known are not there.
    """
    asked = [(glob, key) for glob, keys in known.items() for key in keys]
    replies = await node.pipeline([(b"TYPE", key) for _, key in asked]) if asked else []
    told: dict[str, set[object]] = {glob: set() for glob, keys in known.items() if keys or is_known}
    for (glob, _), reply in zip(asked, replies, strict=True):
        told[glob].add(reply)
    kinds = {glob: frozenset(kind for kind in of if isinstance(kind, bytes)) for glob, of in told.items()}
    return {glob: kinds[glob] for glob, of in told.items() if len(kinds[glob]) == len(of)}


def _recognised_first(kinds: Sequence[KeyKind]) -> tuple[KeyKind, ...]:
    return tuple(sorted(kinds, key=lambda kind: not (kind.recognised or kind.watched)))


async def _user(deployment: Deployment) -> str:
    """The name that the server knows us by; that of the URL if it does not say."""
    with contextlib.suppress(MissingRightError, SourceError):
        name = await deployment.on_first(b"ACL", b"WHOAMI")
        if isinstance(name, bytes):
            return name.decode("utf-8", "replace")
    return deployment.url.user

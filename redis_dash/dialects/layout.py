"""How a framework names a kind of key, and what the keys hold: the facts by which redis-dash recognises it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import msgspec

from redis_dash.core.globs import decoded, escaped
from redis_dash.dialects.base import LimitDialect, Rule, SessionDialect

Topic = Literal["sessions", "rate_limits", "cache", "leaderboards", "other"]
"""The topic that shows the keys; ``other`` if none does: queues, locks, indexes."""
Confidence = Literal["certain", "likely"]
UUID = rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"

_PASSING = re.compile(rb"%b|(?<![0-9A-Za-z])\d{4,}(?![0-9A-Za-z])" % UUID)
_SEPARATORS = b"/:|_-.\n"

FITTING = 0.9
"""The share of sampled keys that must have the layout's type and value. The others may have been replaced meanwhile."""


class KeySample(msgspec.Struct, frozen=True):
    """A key, and as much of its value as recognition needs."""

    key: bytes
    type: str
    """As TYPE names it: ``string``, ``hash``, ``zset``, …"""
    ttl_s: float | None
    """None if it never expires."""
    value: object
    """A string's bytes; a hash's fields as a dict of bytes; (member, score) pairs of a sorted set; some elements of
    a list or set. Of a large value only a part. None if it is not known."""


def any_sample(sample: KeySample) -> bool:
    """Nothing else is needed."""
    return True


def expires(sample: KeySample) -> bool:
    """Whether the key has a lifetime."""
    return sample.ttl_s is not None


def star(variable: bytes) -> str:
    """Any text."""
    return "*"


def numbered(variable: bytes) -> str:
    """Any text that begins with a digit."""
    return "[0-9]*"


def literally(variable: bytes) -> str:
    """Only this text: each key is a kind of its own."""
    return escaped(decoded(variable))


def length(variable: bytes) -> str:
    """Any text of this length."""
    return "?" * len(variable)


def uuid(variable: bytes) -> str:
    """Any UUID."""
    return "????????-????-????-????-????????????"


def hexadecimal(variable: bytes) -> str:
    """Hexadecimal digits, as many as these."""
    return "[0-9a-f]" * len(variable)


class KeyName(NamedTuple):
    """What a key's name says."""

    glob: str
    """Matches the keys of the same kind: everything but the variable part."""
    label: str
    """The glob without what the framework adds to the names of all keys: a version."""
    identity: bytes
    """The variable part: a session's id, a client."""
    rule: Rule | None = None
    """The limit that the name holds, if any."""
    part: bytes = b""
    """What else the variable part names beside the client: a route, a rule. Ids and numbers of windows are left out."""


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of key of one framework."""

    name: str
    """Unique; users see it, and write it as ``format`` in ``config.toml``: ``Flask-Session (msgpack)``."""
    topic: Topic
    keys: re.Pattern[bytes]
    """Matches whole keys, with a group ``id`` for the variable part; see ``named``. A group ``client`` inside of it is
    the identity, if not all of it is. A group ``added`` before it says nothing to users."""
    type: str
    value: Callable[[object], bool]
    """Whether a sampled value is of this kind. It never raises."""
    evidence: str
    """What ``keys``, ``type`` and ``value`` look for, in a few words: ``sess:<id>, JSON with "cookie"``."""
    dialect: str = ""
    """The name of the session or limit dialect that reads the keys; empty if none does."""
    confidence: Confidence = "certain"
    caveat: str = ""
    """For sessions: in which case deleting the key does not sign out, in one sentence."""
    rule: Callable[[re.Match[bytes]], Rule | None] | None = None
    """The limit that a key's name holds."""
    also: Callable[[KeySample], bool] = any_sample
    """What else a sampled key must have: a lifetime."""
    client: Callable[[re.Match[bytes]], tuple[int, int]] | None = None
    """The place of the client in a key's name, where a group of ``keys`` cannot tell it."""
    family: str = ""
    """Layouts of one family with the same ``keys`` differ in types and values only: a glob may have all of them."""
    other_names: bool = False
    """Whether a setting that names this layout may be about keys of other names: the application chooses the prefix."""
    id_glob: Callable[[bytes], str] = star
    """The glob of a variable part, where ``*`` would match keys of other kinds, too."""

    def read_name(self, key: bytes) -> KeyName | None:
        """What a key's name says; None if it is not of this kind."""
        match = self.keys.fullmatch(key)
        if match is None:
            return None
        begin, end = match.span("id")
        variable, rest = self.id_glob(match["id"]), escaped(decoded(key[end:]))
        glob = f"{escaped(decoded(key[:begin]))}{variable}{rest}"
        label = f"{escaped(decoded(self._before(match)))}{variable}{rest}"
        identity, rule = match["id"], self.rule(match) if self.rule else None
        first, last = (place - begin for place in self._client(match))
        parts = (_PASSING.sub(b"", part).strip(_SEPARATORS) for part in (identity[:first], identity[last:]))
        return KeyName(glob, label, identity[first:last], rule, b" ".join(filter(None, parts)))

    def glob_of_part(self, key: bytes) -> str:
        """The glob of the keys that differ from a key only in the client; empty if its name tells no route or rule."""
        match, name = self.keys.fullmatch(key), self.read_name(key)
        if match is None or name is None or not name.part:
            return ""
        first, last = self._client(match)
        if _PASSING.search(key[match.start("id") : first]) or _PASSING.search(key[last : match.end("id")]):
            return ""  # the number of a window: the next one has another
        return f"{escaped(decoded(key[:first]))}*{escaped(decoded(key[last:]))}"

    def _before(self, match: re.Match[bytes]) -> bytes:
        """What is before the variable part, without what the framework adds to all names."""
        begin, (first, last) = match.start("id"), (0, 0)
        if "added" in self.keys.groupindex and match["added"] is not None:
            first, last = match.span("added")
        return match.string[:first] + match.string[last:begin]

    def _client(self, match: re.Match[bytes]) -> tuple[int, int]:
        """The place of the client in a key's name; of all of the variable part, if that is the client."""
        if self.client is not None:
            return self.client(match)
        is_told = "client" in self.keys.groupindex and match["client"] is not None
        return match.span("client" if is_told else "id")

    def fits(self, sample: KeySample) -> bool:
        """Whether type and value are those of this kind."""
        return sample.type == self.type and self.value(sample.value) and self.also(sample)


class Framework(NamedTuple):
    """What one framework's file registers."""

    layouts: tuple[Layout, ...]
    """The kinds of keys that it writes."""
    sessions: tuple[SessionDialect, ...] = ()
    """Dialects that read only keys which a layout has recognised: any other value might seem to fit them."""
    limits: tuple[LimitDialect, ...] = ()


class Claim(msgspec.Struct, frozen=True):
    """A recognised kind of keys."""

    layout: Layout
    glob: str
    fitting: int
    sampled: int
    """Keys of this name that were read, and how many of them fit."""


def named(pattern: bytes) -> re.Pattern[bytes]:
    r"""Compile the name of a kind of key, after any prefix that a client library adds: ``myapp:``, ``prod_``.

    Args:
        pattern: with a group ``id`` for the variable part: ``rb"sess:(?P<id>[\w-]{20,})"``.
    """
    return re.compile(rb"(?:.{0,100}[^0-9A-Za-z])?" + pattern, re.DOTALL)


def recognise(samples: Sequence[KeySample], layouts: Sequence[Layout]) -> list[Claim]:
    """The kinds of keys among the samples; of two layouts that claim the same keys, a certain or earlier one wins.

    Layouts of one family claim the keys of one glob together.
    """
    claims: dict[str, list[Claim]] = {}
    settled = set[bytes]()
    """Keys of which it is certain what they are."""
    for family in _families(layouts):
        by_glob: dict[str, list[KeySample]] = {}
        is_certain = family[0].confidence == "certain"
        for sample in samples:
            if not is_certain and sample.key in settled:
                continue
            if (name := family[0].read_name(sample.key)) is not None:
                by_glob.setdefault(name.glob, []).append(sample)
        for glob, of_name in by_glob.items():
            fitting = [(layout, sum(map(layout.fits, of_name))) for layout in family]
            if sum(fit for _, fit in fitting) >= max(1.0, FITTING * len(of_name)):
                found = [Claim(layout, glob, fit, len(of_name)) for layout, fit in fitting if fit]
                claims.setdefault(glob, found)
                settled.update(sample.key for sample in of_name if is_certain)
    return [claim for found in claims.values() for claim in found]


def _families(layouts: Sequence[Layout]) -> list[list[Layout]]:
    """The layouts by family, certain ones first; one without a family is alone."""
    families: dict[object, list[Layout]] = {}
    for layout in sorted(layouts, key=lambda layout: layout.confidence != "certain"):
        family = (layout.family, layout.keys, layout.confidence) if layout.family else id(layout)
        families.setdefault(family, []).append(layout)
    return list(families.values())

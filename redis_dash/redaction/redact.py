"""Removes secrets from messages: secret fields at any depth, passwords in URLs, session keys, tokens, card numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from redis_dash.core.known_ids import KnownIds
from redis_dash.core.messages import Event
from redis_dash.redaction.secret_fields import HIDDEN, SHORTEST, hide_tokens, is_card, is_secret
from redis_dash.redaction.session_keys import mask_key, mask_keys

_HIDDEN_JSON = msgspec.json.encode(HIDDEN)
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)
_HARMLESS = frozenset({b"true", b"false", b"null", b'""', b"{}", b"[]"})

_PAIR = re.compile(r"""(?<![\w.-])([\w.-]++)(\\*["']\s*+[:=]\s*+|\s*+=>?\s*+|:\s++)(?=\S)""")
"""A name in a text, and its separator from the value."""
_VALUE = re.compile(
    r"""
    "(?:\\.|[^"\\])*+"?  |  '(?:\\.|[^'\\])*+'?
    | (\\+["'])(?:.*?\1|.*+)
    | (?:(?:bearer|basic|digest)\s++)?+[^\s&;,"'(){}\[\]]*+
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_URL_PASSWORD = re.compile(r"(://[^\s/@:]*+:)[^\s/@]++(?=@)")
_LAST_WORD = re.compile(rb"(?<![\w-])[\w%+/=.~\\-]{1,192}\Z|[\w%+/=.~\\-]{1,128}\Z")


def redact_event(event: Event, globs: Sequence[str], ids: KnownIds | None = None) -> Event:
    """The event without secrets; ``size`` stays that of the message.

    Args:
        globs: the patterns of session keys.
        ids: session ids, which are masked also without the rest of their keys.
    """
    shown = without_secrets(event, globs)
    return shown if ids is None else without_ids(shown, event.channel, ids, has_sessions=bool(globs))


def without_secrets(event: Event, globs: Sequence[str]) -> Event:
    """The event without secrets, except for ids that only ``without_ids`` recognises."""
    if event.channel.startswith(b"__keyevent@"):
        payload = mask_key(event.payload.decode("utf-8", "surrogateescape"), globs).encode("utf-8", "surrogateescape")
    else:
        payload = redact(event.payload, globs)
    if event.size > len(event.payload):
        payload = without_last_word(payload)
    return _changed(event, redact_text(event.channel, globs), payload)


def without_ids(event: Event, channel: bytes, ids: KnownIds, *, has_sessions: bool) -> Event:
    """The event without known session ids; the same object if it holds none.

    Args:
        channel: the channel as it was received.
        has_sessions: there may be sessions that were not read yet.
    """
    payload = ids.mask_payload(event.payload, channel, has_sessions=has_sessions)
    name = ids.mask_bytes(event.channel)
    return event if payload == event.payload and name == event.channel else _changed(event, name, payload)


def _changed(event: Event, channel: bytes, payload: bytes) -> Event:
    """The event with another text, which is still longer than what is held of it if it was cut."""
    size = max(event.size, len(payload) + 1) if event.size > len(event.payload) else len(payload)
    return msgspec.structs.replace(event, channel=channel, payload=payload, size=size)


def without_last_word(text: bytes) -> bytes:
    """A text that was cut, without the word in which it ends, since that may be half an id or half a token.

    Nothing would recognise the half. Of a very long word only the last characters go.
    """
    return text[:-256] + _LAST_WORD.sub(b"", text[-256:])


def redact(payload: bytes, globs: Sequence[str]) -> bytes:
    """A payload as it may be shown: JSON stays JSON, numbers stay as they are written."""
    if payload.lstrip()[:1] in (b"{", b"[", b'"'):
        try:
            return _json(payload, tuple(globs))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass
    return redact_text(payload, globs)


def redact_text(raw: bytes, globs: Sequence[str]) -> bytes:
    """The same for what is no JSON, or only the beginning of it."""
    return _text(raw.decode("utf-8", "surrogateescape"), globs).encode("utf-8", "surrogateescape")


def _json(raw: bytes, globs: tuple[str, ...]) -> bytes:
    """A JSON value without secrets; the same bytes if it holds none."""
    first = raw.lstrip()[:1]
    if first == b"{":
        fields = [(name, bytes(value)) for name, value in _FIELDS.decode(raw).items()]
        shown = [_field(name, value, globs) for name, value in fields]
        if shown == fields:
            return raw
        return b"{%b}" % b",".join(b"%b:%b" % (msgspec.json.encode(name), value) for name, value in shown)
    if first == b"[":
        items = [bytes(item) for item in _ITEMS.decode(raw)]
        shown_items = [_json(item, globs) for item in items]
        return raw if shown_items == items else b"[%b]" % b",".join(shown_items)
    if first == b'"':
        text: str = _TEXT.decode(raw)
        is_json = text.lstrip()[:1] in ("{", "[")
        shown_text = redact(text.encode(), globs).decode() if is_json else _text(text, globs)
        return raw if shown_text == text else msgspec.json.encode(shown_text)
    return _HIDDEN_JSON if len(raw) >= SHORTEST and is_card(raw.decode().strip()) else raw


def _field(name: str, value: bytes, globs: tuple[str, ...]) -> tuple[str, bytes]:
    is_hidden = is_secret(name) and value.strip() not in _HARMLESS
    return _name(name, globs), _HIDDEN_JSON if is_hidden else _json(value, globs)


@lru_cache(maxsize=1024)  # the same few names, over and over
def _name(name: str, globs: tuple[str, ...]) -> str:
    return _text(name, globs)


def _text(text: str, globs: Sequence[str]) -> str:
    text = hide_tokens(mask_keys(text, globs))
    if "=" not in text and ":" not in text:  # nearly always
        return text
    text = _URL_PASSWORD.sub(rf"\1{HIDDEN}", text) if "://" in text else text
    parts, at = list[str](), 0
    for pair in _PAIR.finditer(text):
        if pair.start() >= at and is_secret(pair[1]):
            parts += text[at : pair.end()], HIDDEN
            at = _end_of_value(text, pair.end())
    return "".join((*parts, text[at:])) if parts else text


def _end_of_value(text: str, at: int) -> int:
    """The end of the value that begins here: the matching bracket, or the end of a text that was cut."""
    depth = 0
    while at < len(text):
        if text[at] in "{[(":
            depth, at = depth + 1, at + 1
        elif text[at] in "}])":
            depth, at = depth - 1, at + 1
        else:
            value = _VALUE.match(text, at)
            at = max(at + 1, value.end() if value else 0)
        if depth <= 0:
            break
    return at

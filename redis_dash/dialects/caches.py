"""Cached values of frameworks: their names, and how each of them stores a value."""

from __future__ import annotations

import re
from collections.abc import Callable

from redis_dash.dialects.layout import Framework, Layout, literally, named
from redis_dash.dialects.limit_values import WITHOUT_PREFIX

_FIRST_WORD = re.compile(rb"[^\n:/|]{1,100}[:/|](?P<id>.+)", re.DOTALL)
"""A name that the application chooses: ``<word>:<anything>``."""
_PICKLE = rb"!?\x80[\x02-\x05]"
_JSON = rb"""\s*(?:[\[{"]|-?\d|true|false|null)"""
_COMPRESSED = rb"x[\x01\x5e\x9c\xda]|\x1f\x8b|\(\xb5/\xfd|\x04\"M\x18|\xfd7zXZ"
_PHP = rb'(?:[aOCs]:\d{1,9}:["{]|[bd]:[-\d.]+;|N;)'
_HEX = rb"(?P<id>[0-9a-f]{32})"
_FUNCTION = rb"[A-Za-z_][\w.]*:[A-Za-z_][\w.<>]*"


def _begins(*forms: bytes) -> Callable[[object], bool]:
    """Whether a string begins in one of these forms."""
    wanted = re.compile(b"|".join(forms))
    return lambda value: isinstance(value, bytes) and wanted.match(value) is not None


def _cache(
    name: str, keys: re.Pattern[bytes], value: Callable[[object], bool], evidence: str, *, certain: bool = True
) -> Layout:
    return Layout(
        name=name,
        topic="cache",
        keys=keys,
        type="string",
        value=value,
        evidence=evidence,
        confidence="certain" if certain else "likely",
    )


_DOGPILE = _begins(rb'\{"ct": ?\d+(?:\.\d+)?, ?"v": ?\d+\}\|')
_RAILS = _begins(rb"\x00\x11[\x01-\x04\x81-\x84]")
_SESSION = rb"(?!.*_session_id:)"

FRAMEWORK = Framework(
    layouts=(
        _cache(
            "Flask-Caching",
            named(rb"flask_cache_(?P<id>.+)"),
            _begins(rb"!\x80", rb"-?\d+\Z"),
            "flask_cache_<name>, ! and pickle, or a number",
        ),
        *(
            _cache(
                f"Django cache ({what})",
                re.compile(rb".{0,100}:\d{1,4}:%b(?P<id>.+)" % begin, re.DOTALL),
                _begins(_PICKLE, _JSON, _COMPRESSED, rb"[\x80-\xdf]"),
                f":1:{begin.decode().replace(chr(92), '')}<name>",
            )
            for what, begin in (
                ("pages", rb"views\.decorators\.cache\.cache_page\."),
                ("headers", rb"views\.decorators\.cache\.cache_header\."),
                ("fragments", rb"template\.cache\."),
            )
        ),
        _cache(
            "fastapi-cache",
            re.compile(rb"(?:(?:.{0,100}[^0-9A-Za-z])?fastapi-cache)?:[\w-]{0,40}:" + _HEX, re.DOTALL),
            _begins(_JSON, _PICKLE),
            "fastapi-cache::<MD5>, JSON or pickle",
        ),
        _cache(
            "aiocache",
            re.compile(rb"(?:[\w.-]{1,60}:)?[A-Za-z_][\w.]{1,150}(?P<id>\(.*\)\[.*\])", re.DOTALL),
            _begins(_JSON, _PICKLE, rb"[\x80-\xdf]"),
            "<module><function>(<arguments>)[]",
        ),
        _cache(
            "dogpile.cache", re.compile(rb"[^\n|]{1,200}\|(?P<id>.*)", re.DOTALL), _DOGPILE, '{"ct": <time>, "v": 2}|'
        ),
        _cache(
            "dogpile.cache (by prefix)",
            re.compile(rb"[^\n:/|]{1,100}[:/](?P<id>[^|]+)"),
            _DOGPILE,
            '{"ct": <time>, "v": 2}|',
        ),
        _cache(
            "cashews (early)",
            named(rb"early:v2:(?P<id>.+)"),
            _begins(_PICKLE, rb"\d"),
            "early:v2:<module>:<function>:…",
        ),
        _cache(
            "cashews (hit)",
            named(rb"hit:(?P<id>(?!.*:counter\Z).+)"),
            _begins(_PICKLE),
            "hit:<name>, pickle",
            certain=False,
        ),
        _cache(
            "cashews",
            re.compile(rb"(?:(?:soft|fail):)?%b:(?P<id>\w+:.*)" % _FUNCTION, re.DOTALL),
            _begins(_PICKLE),
            "<module>:<function>:<argument>:…, pickle",
            certain=False,
        ),
        _cache(
            "Rails cache", re.compile(_SESSION + _FIRST_WORD.pattern, re.DOTALL), _RAILS, "a cache entry of Rails 7.1"
        ),
        Layout(
            name="dogpile.cache (single key)",
            topic="cache",
            keys=WITHOUT_PREFIX,
            id_glob=literally,
            type="string",
            value=_DOGPILE,
            evidence='{"ct": <time>, "v": 2}|',
        ),
        _cache(
            "Litestar (responses)",
            named(rb"LITESTAR_response_cache:(?P<id>.+)"),
            _begins(rb"[\x80-\xdf]"),
            "LITESTAR_response_cache:<name>, msgpack",
        ),
        Layout(
            name="Rails cache (single key)",
            topic="cache",
            keys=WITHOUT_PREFIX,
            id_glob=literally,
            type="string",
            value=_RAILS,
            evidence="a cache entry of Rails 7.1",
        ),
        _cache(
            "Laravel cache",
            named(rb"laravel[-_]cache[-_](?P<id>(?![0-9A-Za-z]{40}$|.*:timer$)[^\n]+)"),
            _begins(_PHP),
            "laravel-cache-<name>, PHP",
            certain=False,
        ),
    )
)

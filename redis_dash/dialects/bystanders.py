"""Keys that no topic shows: queues, workers, locks, modules. Named, they are taken for nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable

from redis_dash.dialects.layout import (
    Confidence,
    Framework,
    KeySample,
    Layout,
    any_sample,
    expires,
    literally,
    named,
    star,
)

_FIRST_WORD = re.compile(rb"[^\n:/|.]{1,100}[:/|.](?P<id>.+)", re.DOTALL)
"""A name that the application chooses: ``<word>:<anything>``."""
_ANY_NAME = re.compile(rb"(?P<id>.{1,200})", re.DOTALL)
_ONE_WORD = re.compile(rb"(?P<id>[^\n:/|.]{1,200})")
_PARTS = (
    rb"meta|events|wait|active|paused|delayed|completed|failed|prioritized|waiting-children|marker|repeat|stalled"
    rb"|stalled-check|id|pc|limiter|de"
)
"""Those of a queue of BullMQ that are no jobs."""
_QUEUE = rb"(?:\{?bull\}?):(?:[^:]{1,80}):"


def _anything(value: object) -> bool:
    return True


def _members(form: bytes) -> Callable[[object], bool]:
    """Whether all members of a list, set or sorted set contain this form."""
    wanted = re.compile(form, re.DOTALL)

    def check(value: object) -> bool:
        parts = [part[0] if isinstance(part, tuple) else part for part in value] if isinstance(value, list) else []
        return bool(parts) and all(isinstance(part, bytes) and wanted.search(part) is not None for part in parts)

    return check


def _fields(*names: bytes) -> Callable[[object], bool]:
    """Whether a hash has these fields."""
    return lambda value: isinstance(value, dict) and all(name in value for name in names)


def _text(form: bytes) -> Callable[[object], bool]:
    """Whether a string contains this form."""
    wanted = re.compile(form, re.DOTALL)
    return lambda value: isinstance(value, bytes) and wanted.search(value) is not None


def _other(
    name: str,
    keys: bytes | re.Pattern[bytes],
    type_: str,
    value: Callable[[object], bool] = _anything,
    *,
    confidence: Confidence = "certain",
    also: Callable[[KeySample], bool] = any_sample,
    family: str = "",
) -> Layout:
    """A layout; names without a variable part are single keys."""
    is_single = keys in (_ANY_NAME, _ONE_WORD) or (isinstance(keys, bytes) and b"(?P<id>" not in keys)
    if isinstance(keys, bytes):
        keys = named(keys + b"(?P<id>)" if is_single else keys)
    return Layout(
        name=name,
        topic="other",
        keys=keys,
        type=type_,
        value=value,
        evidence="name, type and form of the value",
        confidence=confidence,
        id_glob=literally if is_single else star,
        also=also,
        family=family,
    )


_CELERY = (
    _other(
        "Celery (results)", rb"celery-(?:task|taskset)-meta-(?P<id>[\w-]+)", "string", _text(rb'"task_id"|"status"')
    ),
    _other("Celery (permanent bindings)", rb"_kombu\.binding_permanent\.(?P<id>.+)", "set"),
    _other("Celery (deadlines of bindings)", rb"_kombu\.binding_deadlines", "zset"),
    _other("cashews (tags)", rb"_tag:(?P<id>.+)", "set"),
    _other("Celery (bindings)", rb"_kombu\.binding\.(?P<id>.+)", "set"),
    _other(
        "Celery (queue)", _ANY_NAME, "list", _members(rb'"content-encoding".*"delivery_tag"|"delivery_tag".*"body"')
    ),
    _other("Celery (unacknowledged)", rb"unacked", "hash"),
    _other("Celery (times of unacknowledged)", rb"unacked_index", "zset"),
    _other("Celery (lock)", rb"unacked_mutex", "string"),
)
_PYTHON = (
    _other("RQ (jobs)", rb"rq:job:(?P<id>[^:]+)", "hash", _fields(b"created_at")),
    _other("RQ (results)", rb"rq:results:(?P<id>.+)", "stream"),
    _other("RQ (queues)", rb"rq:queue:(?P<id>.+)", "list"),
    _other("RQ (workers)", rb"rq:worker:(?P<id>.+)", "hash"),
    _other("RQ (registries)", rb"rq:(?:wip|finished|failed|deferred|scheduled|canceled):(?P<id>.+)", "zset"),
    _other("RQ (workers of a queue)", rb"rq:workers:(?P<id>.+)", "set"),
    _other("RQ (all queues)", rb"rq:queues", "set"),
    _other("RQ (all workers)", rb"rq:workers", "set"),
    _other("arq (queue)", rb"arq:queue", "zset"),
    _other("arq", rb"arq:(?:job|result|in-progress|retry|abort):(?P<id>.+)", "string"),
    _other("arq (health)", rb"arq:queue:health-check", "string"),
    _other("Dramatiq (messages)", rb"dramatiq:(?P<id>.+)\.msgs", "hash"),
    _other("Dramatiq (queues)", rb"dramatiq:(?P<id>[^_].*)", "list"),
    _other("Dramatiq (heartbeats)", rb"dramatiq:__heartbeats__", "zset"),
    _other("Dramatiq (acknowledged)", rb"dramatiq:__acks__\.(?P<id>.+)", "set"),
    _other("channels_redis (groups)", rb"asgi:group:(?P<id>.+)", "zset"),
    _other("channels_redis (channels)", rb"asgi:?specific\.(?P<id>.+)", "zset"),
)
_NODE = (
    _other("BullMQ (jobs)", _QUEUE + rb"(?P<id>(?!(?:%b)\Z)[^:]+)" % _PARTS, "hash", _fields(b"data", b"opts")),
    _other("BullMQ (settings)", _QUEUE + rb"meta", "hash"),
    _other("BullMQ (events)", _QUEUE + rb"events", "stream"),
    _other("BullMQ (waiting)", _QUEUE + rb"(?:wait|active|paused)", "list"),
    _other(
        "BullMQ (states)",
        _QUEUE + rb"(?:delayed|completed|failed|prioritized|waiting-children|marker|repeat)",
        "zset",
    ),
    _other("BullMQ (stalled)", _QUEUE + rb"stalled", "set"),
    _other("BullMQ (counters)", _QUEUE + rb"(?:id|pc|limiter|stalled-check)", "string"),
    _other("BullMQ (logs)", _QUEUE + rb"(?P<id>[^:]+):logs", "list"),
    _other("BullMQ (locks)", _QUEUE + rb"(?P<id>[^:]+):lock", "string"),
    _other("Socket.IO", rb"socket\.io(?:-\d+)?", "stream"),
)
_RUBY = (
    _other("Sidekiq (queues)", rb"queue:(?P<id>.+)", "list", _members(rb'"jid"')),
    _other("Sidekiq (sets)", rb"(?:schedule|retry|dead)", "zset", _members(rb'"jid"')),
    _other(
        "Sidekiq (processes)", re.compile(rb"(?:.{0,100}:)?(?P<id>[\w.-]+:\d+:[0-9a-f]{12})"), "hash", _fields(b"beat")
    ),
    _other("Sidekiq (work)", re.compile(rb"(?:.{0,100}:)?(?P<id>[\w.-]+:\d+:[0-9a-f]{12}):work"), "hash"),
    _other("Sidekiq (statistics)", rb"stat:(?:processed|failed)(?::\d{4}-\d\d-\d\d)?", "string", _text(rb"\A\d+\Z")),
    _other("Resque (queues)", rb"resque:queue:(?P<id>.+)", "list", _members(rb'"class"')),
    _other("Resque", rb"resque:(?:queues|workers)", "set"),
    _other("Resque (statistics)", rb"resque:stat:(?P<id>.+)", "string"),
)
_PHP = (
    _other("Laravel (queues)", rb"queues:(?P<id>[^:]+)", "list", _members(rb'"displayName"')),
    _other("Laravel (later jobs)", rb"queues:(?P<id>[^:]+):(?:delayed|reserved)", "zset", _members(rb'"displayName"')),
    _other("Laravel (notices of queues)", rb"queues:(?P<id>[^:]+):notify", "list"),
    _other("Laravel (cache tags)", rb"tag:(?P<id>.+):entries", "zset"),
    *(
        _other(f"Laravel Horizon ({kind})", rb"horizon:(?P<id>.+)", kind, family="Laravel Horizon")
        for kind in ("hash", "zset", "list", "set", "string")
    ),
)
_MODULES = {
    "ReJSON-RL": "JSON",
    "TSDB-TYPE": "time series",
    "MBbloom--": "Bloom filter",
    "MBbloomCF": "Cuckoo filter",
    "TopK-TYPE": "top-k",
    "CMSk-TYPE": "count-min sketch",
    "TDIS-TYPE": "t-digest",
    "vectorset": "vector set",
}
_SERVER = (
    *(_other(f"{kind} (module)", _FIRST_WORD, name) for name, kind in _MODULES.items()),
    *(_other(f"{kind} (module, one key)", _ONE_WORD, name) for name, kind in _MODULES.items()),
    _other(
        "lock",
        re.compile(rb"(?:.{0,100}[:._-])?(?:lock|redlock|mutex)[:._-](?P<id>.+)", re.DOTALL | re.IGNORECASE),
        "string",
        _text(rb"\A.{0,200}\Z"),
        confidence="likely",
        also=expires,
    ),
    _other(
        "lock (by its end)",
        re.compile(rb"(?P<id>.{1,200}?)[:._-](?:lock|mutex)", re.DOTALL | re.IGNORECASE),
        "string",
        _text(rb"\A.{0,200}\Z"),
        confidence="likely",
        also=expires,
    ),
)

FRAMEWORK = Framework(layouts=(*_CELERY, *_PYTHON, *_NODE, *_RUBY, *_PHP, *_SERVER))

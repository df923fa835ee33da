"""PHP's own sessions in Redis, by the session handler of phpredis."""

from __future__ import annotations

from redis_dash.dialects.decoded_session import DecodedSession
from redis_dash.dialects.layout import Framework, Layout, length, named

SESSION = DecodedSession("PHP session", ("php session", "php"))


def _is_lock(value: object) -> bool:
    return isinstance(value, bytes) and b"|" in value[:300]


FRAMEWORK = Framework(
    layouts=(
        Layout(
            name="PHP (phpredis)",
            topic="sessions",
            keys=named(rb"PHPREDIS_(?:CLUSTER_)?SESSION:(?P<id>[0-9A-Za-z,-]{22,256})"),
            id_glob=length,
            type="string",
            value=SESSION.may_be,
            evidence="PHPREDIS_SESSION:<id>, variables as PHP serializes them",
            dialect=SESSION.name,
        ),
        Layout(
            name="PHP (lock of a session)",
            topic="other",
            keys=named(rb"PHPREDIS_(?:CLUSTER_)?SESSION:(?P<id>[0-9A-Za-z,-]{22,256})_LOCK"),
            type="string",
            value=_is_lock,
            evidence="PHPREDIS_SESSION:<id>_LOCK, <host>|<process>",
        ),
    ),
    sessions=(SESSION,),
)

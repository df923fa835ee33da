"""Laravel's sessions in Redis: serialized by PHP, and once more by the cache in which they are."""

from __future__ import annotations

from redis_dash.decoders import UndecodableError, decode
from redis_dash.dialects.base import SessionFacts
from redis_dash.dialects.decoded_session import Content, DecodedSession, last_format, signed_in_as
from redis_dash.dialects.layout import Framework, Layout, length, named

_LOGIN = "login_"
_INNER_FORMATS = ("php", "json")


def _facts(content: Content) -> SessionFacts:
    """The user of the first guard; each guard has its own ``login_<guard>_<hash>``."""
    users = (user for name, user in content.items() if name.startswith(_LOGIN) and isinstance(user, int | str))
    return signed_in_as(content, next(users, None))


def _inner(value: object) -> object:
    """What the text that the cache stores contains.

    Raises:
        UndecodableError: the application encrypts its sessions.
    """
    raw = value.encode() if isinstance(value, str) else value
    if not isinstance(raw, bytes):
        return None
    found = decode(raw)
    return found.value if last_format(found) in _INNER_FORMATS else None


def _is_session(value: object) -> bool:
    """Whether it is a session with the fields of Laravel, or an encrypted one."""
    return _has_fields(value) or _is_encrypted(value)


def _is_encrypted(value: object) -> bool:
    try:
        _inner(decode(value, "php").value if isinstance(value, bytes) else None)
    except UndecodableError as error:
        return str(error) == "encrypted by the application"
    return False


SESSION = DecodedSession("Laravel session", ("php",), _facts, unwrap=_inner)
_has_fields = SESSION.holds("_token", "_previous", "_flash")

FRAMEWORK = Framework(
    layouts=(
        Layout(
            name="Laravel (sessions)",
            topic="sessions",
            # Keys of 40 hexadecimal digits are hashes: those of Laravel's rate limits.
            keys=named(rb"(?P<id>(?![0-9a-f]{40})[A-Za-z0-9]{40})"),
            id_glob=length,
            type="string",
            value=_is_session,
            evidence='<prefix of the cache><40 letters and digits>, a PHP array in a PHP text, with "_token"',
            dialect=SESSION.name,
            caveat='A "remember me" cookie, if it is used, signs the user in again.',
        ),
    ),
    sessions=(SESSION,),
)

"""Sessions of sign-in proxies, oauth2-proxy and Authelia: encrypted, so only counted, aged and deleted."""

from __future__ import annotations

from redis_dash.core.resp import Command
from redis_dash.dialects.base import SessionFacts
from redis_dash.dialects.decoded_session import undecodable
from redis_dash.dialects.layout import Framework, Layout, length, named

_LEAST = 28
"""Bytes of the nonce and the check sum of AES-GCM."""


class EncryptedSession:
    """Bytes that only the application can decrypt."""

    name = "encrypted session"

    def read(self, key: bytes) -> Command:
        """The command that reads the value."""
        return (b"GET", key)

    def searchable(self, reply: object) -> bytes | None:
        """Nothing can be searched."""
        return None

    def decode(self, reply: object) -> SessionFacts | None:
        """That it exists; None if the value is a text or a number."""
        return undecodable("encrypted by the application") if is_encrypted(reply) else None


def is_encrypted(value: object) -> bool:
    """Whether it may be encrypted: binary, and not too short."""
    return isinstance(value, bytes) and len(value) >= _LEAST and not value.isascii()


SESSION = EncryptedSession()

FRAMEWORK = Framework(
    layouts=(
        Layout(
            name="oauth2-proxy",
            topic="sessions",
            keys=named(rb"_oauth2_proxy-(?P<id>[0-9a-f]{32})"),
            id_glob=length,
            type="string",
            value=is_encrypted,
            evidence="_oauth2_proxy-<32 hex digits>, encrypted",
            dialect=SESSION.name,
            caveat="The identity provider's own session, if it lasts, signs the user in again without a question.",
        ),
        Layout(
            name="Authelia",
            topic="sessions",
            keys=named(rb"authelia-session:(?P<id>[!-9;-~]{16,128})"),
            type="string",
            value=is_encrypted,
            evidence="authelia-session:<id>, encrypted",
            dialect=SESSION.name,
        ),
    ),
    sessions=(SESSION,),
)

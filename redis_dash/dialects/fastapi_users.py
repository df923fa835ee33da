"""FastAPI Users with its Redis strategy: the key is a bearer token, the value the id of its user."""

from __future__ import annotations

import re

from redis_dash.core.resp import Command
from redis_dash.dialects.base import SessionFacts
from redis_dash.dialects.layout import Framework, Layout, named
from redis_dash.dialects.session_values import facts_of

_USER_ID = re.compile(rb"[\w@.+-]{1,100}", re.ASCII)
"""A UUID, a number or an ObjectId; nothing that needs escaping."""


class FastapiUsersToken:
    """The whole value is the user's id."""

    name = "FastAPI Users token"

    def read(self, key: bytes) -> Command:
        """The command that reads the value."""
        return (b"GET", key)

    def searchable(self, reply: object) -> bytes | None:
        """The id itself."""
        return reply if is_user_id(reply) and isinstance(reply, bytes) else None

    def decode(self, reply: object) -> SessionFacts | None:
        """The user; None if the value is no id."""
        return facts_of({}, user=reply.decode()) if is_user_id(reply) and isinstance(reply, bytes) else None


def is_user_id(value: object) -> bool:
    """Whether the value may be the id of a user."""
    return isinstance(value, bytes) and _USER_ID.fullmatch(value) is not None


TOKEN = FastapiUsersToken()
FRAMEWORK = Framework(
    layouts=(
        Layout(
            name="FastAPI Users",
            topic="sessions",
            keys=named(rb"fastapi_users_token:(?P<id>[\w-]{43})"),
            type="string",
            value=is_user_id,
            evidence="fastapi_users_token:<43 characters>, the id of a user",
            dialect=TOKEN.name,
        ),
    ),
    sessions=(TOKEN,),
)

"""FastAPI Users with its Redis strategy: bearer tokens. The accounts are in memory, under ids that never change."""

import uuid
from dataclasses import dataclass

from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin
from fastapi_users.authentication import AuthenticationBackend, BearerTransport, RedisStrategy
from fastapi_users.db import BaseUserDatabase
from fastapi_users.password import PasswordHelper
from redis.asyncio import Redis

from visits import LEAVER, PASSWORD, PEOPLE, about, main
from visits import session as session_row

LIFETIME = 3600


@dataclass
class User:
    id: uuid.UUID
    email: str
    hashed_password: str
    is_active: bool = True
    is_superuser: bool = False
    is_verified: bool = True


HASHED = PasswordHelper().hash(PASSWORD)
USERS = {
    email: User(uuid.uuid5(uuid.NAMESPACE_DNS, email), email, HASHED, is_superuser=role == "admin")
    for email, role in [*PEOPLE, LEAVER]
}


class Accounts(BaseUserDatabase[User, uuid.UUID]):
    async def get(self, id: uuid.UUID) -> User | None:  # noqa: A002 - its name in the framework
        return next((user for user in USERS.values() if user.id == id), None)

    async def get_by_email(self, email: str) -> User | None:
        return USERS.get(email)


class Manager(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
    pass


def make(url: str) -> FastAPI:
    redis = Redis.from_url(url, decode_responses=True)
    backend = AuthenticationBackend(
        "redis", BearerTransport("login"), lambda: RedisStrategy(redis, lifetime_seconds=LIFETIME)
    )
    users = FastAPIUsers[User, uuid.UUID](lambda: Manager(Accounts()), [backend])
    app = FastAPI()
    app.include_router(users.get_auth_router(backend))
    current = users.current_user(active=True)

    @app.get("/me")
    async def me(user: User = Depends(current)) -> str:  # noqa: B008 - as FastAPI wants it
        return user.email

    return app


def visit(url: str, variant: str) -> dict:
    rows, tokens = [], []
    with TestClient(make(url)) as client:
        for email, role in [*PEOPLE, LEAVER]:
            token = client.post("/login", data={"username": email, "password": PASSWORD}).json()["access_token"]
            if (email, role) == LEAVER:
                client.post("/logout", headers={"Authorization": f"Bearer {token}"})
            else:
                # Redis holds the id of the user, neither name nor role.
                row = session_row(f"fastapi_users_token:{token}", email, role, LIFETIME)
                rows.append(row | {"user_id": str(USERS[email].id)})
                tokens.append(token)
        client.get("/me")  # a visitor without a token: refused, and nothing is written
    return about(
        "fastapi-users", "sessions", "FastAPI Users", sessions=rows, anonymous=0,
        revoke={"key": rows[0]["key"], "credential": tokens[0]},
    )  # fmt: skip


def works(url: str, variant: str, credential: str) -> bool:
    with TestClient(make(url)) as client:
        return client.get("/me", headers={"Authorization": f"Bearer {credential}"}).status_code == 200


main(visit, works)

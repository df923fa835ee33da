"""Signing in and out."""

from typing import Annotated

from fastapi import APIRouter, Cookie, Depends, HTTPException, Request, Response
from pydantic import BaseModel, Field

from demo_server.patterns.client_address import client_address, over_https
from demo_server.routes.errors import problems
from demo_server.services import Served
from demo_server.shop.accounts import BY_EMAIL, PASSWORD
from demo_server.shop.user_sessions import COOKIE, Session

router = APIRouter(tags=["sessions"], responses=problems(_503="Redis cannot do it"))

SessionCookie = Annotated[str | None, Cookie(alias=COOKIE)]


class Credentials(BaseModel):
    """Anybody of the demo, such as priya@example.com."""

    email: str = Field(min_length=3, max_length=254, examples=["priya@example.com"])
    password: str = Field(max_length=200, description='"demo" for everybody', examples=[PASSWORD])


class User(BaseModel):
    """Who is signed in."""

    id: int
    email: str
    role: str
    name: str


class Profile(User):
    """Who is signed in, since when (epoch seconds) and from where."""

    created_at: float
    ip: str


async def _signed_in(services: Served, session_id: SessionCookie = None) -> Session:
    session = await services.sessions.read(session_id) if session_id else None
    if session is None:
        raise HTTPException(401, "You are not signed in, or not any more")
    return session


SignedIn = Annotated[Session, Depends(_signed_in)]


@router.post("/login", summary="Sign in; sets the cookie", responses=problems(_401="Wrong e-mail or password"))
async def login(
    credentials: Credentials, request: Request, response: Response, services: Served, session_id: SessionCookie = None
) -> User:
    account = BY_EMAIL.get(credentials.email.lower())
    if account is None or credentials.password != PASSWORD:
        raise HTTPException(401, "Wrong e-mail or password")
    trusted = services.settings.trusted_proxies
    new_id = await services.sessions.start(account, client_address(request.scope, trusted), session_id)
    secure = over_https(request.scope, trusted)
    response.set_cookie(COOKIE, new_id, max_age=services.sessions.ttl, httponly=True, samesite="lax", secure=secure)
    return User(id=account.id, email=account.email, role=account.role, name=account.name)


@router.get("/profile", summary="Who am I?", responses=problems(_401="Not signed in"))
async def profile(session: SignedIn) -> Profile:
    return Profile(
        id=session.id,
        email=session.email,
        role=session.role,
        name=session.name,
        created_at=session.created_at,
        ip=session.ip,
    )


@router.post("/logout", summary="Sign out; harmless if nobody was signed in", status_code=204)
async def logout(response: Response, services: Served, session_id: SessionCookie = None) -> None:
    if session_id:
        await services.sessions.end(session_id)
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")

"""Index, health and truth."""

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from demo_server.services import Served

router = APIRouter(tags=["system"])


class Index(BaseModel):
    """Links to start with."""

    name: str = "The shop behind redis-dash"
    docs: str = "/docs"
    try_these: list[str] = [
        "/summarize?text=Redis+is+fast.",
        "/products/1",
        "/leaderboard",
        "/views/home",
        "/healthz",
        "/truth",
    ]


class Health(BaseModel):
    """The API is up if it answers; `redis` says whether Redis answered the last ping."""

    status: Literal["ok"] = "ok"
    redis: Literal["up", "down"]


class CacheTruth(BaseModel):
    hits: int
    misses: int


class ClientTruth(BaseModel):
    used: int = Field(description="accepted in the window that ends now")
    accepted: int = Field(description="since the start; forgotten for all but the clients accepted last")
    refused: int = Field(description="since the start; forgotten for all but the clients refused last")


class LeaderboardTruth(BaseModel):
    players: int
    top: list[tuple[str, float]] = Field(description="the first ten")


class TruthReport(BaseModel):
    """What this process itself counted; read back from Redis only after it may have lost something."""

    exact_since: float | None = Field(description="epoch seconds since when Redis held exactly this; null: not now")
    sessions: int
    caches: dict[str, CacheTruth]
    rate_limits: dict[str, ClientTruth]
    channels: dict[str, int] = Field(description="messages published, by channel")
    unconfirmed: dict[str, int] = Field(description="messages besides, of which nobody can tell, by channel")
    leaderboard: LeaderboardTruth


@router.get("/", summary="Links to start with")
async def index() -> Index:
    return Index()


@router.get("/healthz", summary="Is Redis up? 200 either way, and at once; not rate limited")
async def healthz(services: Served) -> Health:
    return Health(redis="up" if services.circuit.is_up else "down")


@router.get("/truth", summary="What this process counted since it began; not rate limited", response_model=TruthReport)
async def truth(services: Served) -> dict[str, Any]:
    await services.stats.flush()
    await services.recount.check()
    return services.truth.snapshot()

"""The leaderboard."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import BaseModel, Field

from demo_server.routes.errors import problems
from demo_server.services import Served

router = APIRouter(tags=["leaderboard"], responses=problems(_503="Redis cannot do it"))

_PLAYER = r"^[\w.\-]+( [\w.\-]+)*$"


class Result(BaseModel):
    """A player's score in one game."""

    player: str = Field(min_length=1, max_length=40, pattern=_PLAYER, examples=["arjun"])
    score: float = Field(ge=0, le=1e15, allow_inf_nan=False)


class Recorded(Result):
    """A result and whether it is the player's best so far: only the best one counts."""

    best: bool


class PlaceOnBoard(BaseModel):
    """The best player has rank 1."""

    rank: int
    player: str
    score: float


class PlayerStanding(PlaceOnBoard):
    """A player, and two neighbours above and below, the player among them."""

    neighbours: list[PlaceOnBoard]


@router.post("/scores", summary="Record a result", status_code=201)
async def record_score(result: Result, services: Served) -> Recorded:
    best = await services.leaderboard.score(result.player, result.score)
    return Recorded(player=result.player, score=result.score, best=best)


@router.get("/leaderboard", summary="The best players")
async def read_leaderboard(services: Served, limit: Annotated[int, Query(ge=1, le=100)] = 10) -> list[PlaceOnBoard]:
    return [PlaceOnBoard(**asdict(place)) for place in await services.leaderboard.top(limit)]


@router.get("/leaderboard/{player}", summary="One player", responses=problems(_404="No score yet"))
async def read_player(
    player: Annotated[str, Path(min_length=1, max_length=40, pattern=_PLAYER)], services: Served
) -> PlayerStanding:
    standing = await services.leaderboard.standing(player)
    if standing is None:
        raise HTTPException(404, f"{player} has no score yet")
    return PlayerStanding(**asdict(standing))

"""A slow answer, cached."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from demo_server.services import Services

router = APIRouter(tags=["response cache"])


class Summary(BaseModel):
    """What the model says about a text, and how many words the text has."""

    summary: str
    words: int


@router.get(
    "/summarize",
    summary="Summarize a text; about 2 s at first, then from the cache for ten minutes",
    response_model=Summary,
)
async def summarize(request: Request, text: Annotated[str, Query(min_length=1, max_length=5000)]) -> Response:
    # No dependency, and no validation of our own answer: on a hit they take longer than Redis.
    services: Services = request.app.state.services
    return JSONResponse(await services.summarize(text))

"""Page views."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

from demo_server.routes.errors import problems
from demo_server.services import Served

router = APIRouter(tags=["counters"], responses=problems(_503="Redis cannot do it"))


class PageViews(BaseModel):
    """How often a page was seen since its counter began, a day at most."""

    page: str
    views: int


@router.get("/views/{page}", summary="See a page: counts one view and says how many there were")
async def count_view(
    page: Annotated[str, Path(max_length=64, pattern=r"^[a-z0-9][a-z0-9_-]*$")], services: Served
) -> PageViews:
    return PageViews(page=page, views=await services.views.count(page))

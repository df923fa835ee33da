"""The body of error answers, and their description in /docs."""

from typing import Any

from pydantic import BaseModel


class Problem(BaseModel):
    """Why a request failed."""

    detail: str


def problems(**reasons: str) -> dict[int | str, dict[str, Any]]:
    """Return the `responses=` of a route: `problems(_404="No such product")`."""
    return {int(code.lstrip("_")): {"model": Problem, "description": reason} for code, reason in reasons.items()}

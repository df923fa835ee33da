"""Whether a server is reached, and why not."""

from __future__ import annotations

from redis_dash.client.deployment import Deployment
from redis_dash.config import Url
from redis_dash.core.errors import SourceError


async def said(url: str) -> str:
    """Why the server is not reached; empty if it is."""
    deployment = Deployment(Url(url))
    try:
        await deployment.connect()
        await deployment.one(b"PING")
    except SourceError as error:
        return str(error)
    finally:
        await deployment.close()
    return ""

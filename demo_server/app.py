"""The ASGI application alone, on the Redis that REDIS_URL names: `uvicorn demo_server.app:app`."""

from demo_server.factory import create_app
from demo_server.settings import Settings

__all__ = ["app", "create_app"]

app = create_app(Settings.from_environment())

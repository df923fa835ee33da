"""Make the ASGI application: its routes, middleware and error answers."""

import contextlib
import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

from demo_server.middleware.body_limit import BodyLimit
from demo_server.middleware.crash import CrashToAnswer
from demo_server.middleware.server_timing import ServerTiming, TimedRateLimit
from demo_server.patterns.circuit_breaker import CircuitOpenError
from demo_server.patterns.client_address import client_to_limit
from demo_server.routes import ROUTERS
from demo_server.services import build_services, running
from demo_server.settings import Settings

EXEMPT_PATHS = ("/healthz", "/truth")  # not rate limited

_NO_MEMORY, _NO_WRITES = "Redis has no memory left", "This Redis takes no writes"
_IN_SCRIPTS = {" -OOM ": _NO_MEMORY, " -READONLY ": _NO_WRITES}  # before Redis 7 errors in scripts are all of one kind
# The first that fits is the answer, never the text from Redis, which may be about other clients.
_REASONS = (
    (OutOfMemoryError, _NO_MEMORY),
    (ReadOnlyError, _NO_WRITES),
    (AuthenticationError, "Redis does not let this application in"),
    (BusyLoadingError, "Redis is still loading its data"),
    (ResponseError, "Redis refuses"),
    (RedisError, "Redis does not answer"),
)


def create_app(settings: Settings) -> FastAPI:
    """Return the ASGI application. Its lifespan opens and closes what it uses. It also runs without Redis."""
    services = build_services(settings)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with running(services):
            yield

    app = FastAPI(
        title="The shop behind redis-dash",
        summary="An application that uses Redis the way it should be used.",
        lifespan=lifespan,
    )
    app.state.services = services
    for router in ROUTERS:
        app.include_router(router)
    app.add_exception_handler(RedisError, _redis_cannot)
    app.add_exception_handler(RequestValidationError, _input_is_bad)
    # The last middleware added is the outermost.
    app.add_middleware(CrashToAnswer)
    app.add_middleware(BodyLimit)
    app.add_middleware(
        TimedRateLimit,
        limiter=services.limiter,
        identify=lambda scope: client_to_limit(scope, settings.trusted_proxies),
        exempt=EXEMPT_PATHS,
    )
    app.add_middleware(ServerTiming)
    return app


async def _input_is_bad(_: Request, error: Exception) -> Response:
    """Say what was wrong and where, without the input: it may be a password, or a value that JSON cannot hold."""
    assert isinstance(error, RequestValidationError)
    detail = [{name: problem[name] for name in ("loc", "msg", "type")} for problem in error.errors()]
    return Response(json.dumps({"detail": detail}), status_code=422, media_type="application/json")


async def _redis_cannot(_: Request, error: Exception) -> JSONResponse:
    """Answer 503 for what needs Redis, such as sessions. The caches and the limiter go on without it."""
    problem = error.problem if isinstance(error, CircuitOpenError) else error
    in_script = next((reason for sign, reason in _IN_SCRIPTS.items() if sign in str(problem)), None)
    reason = in_script or next(reason for kind, reason in _REASONS if isinstance(problem, kind))
    detail = f"{reason}, and this cannot be done without it. Please try again soon."
    return JSONResponse({"detail": detail}, status_code=503, headers={"Retry-After": "1"})

"""Refuses request bodies that are larger than this application needs. Pure ASGI."""

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST = 64 * 1024  # bytes


class BodyTooLargeError(Exception):
    """More bytes came than allowed. It is raised where the body is read, and FastAPI answers 400."""


class BodyLimit:
    """Answers 413 if the announced length is too large; a body that comes in chunks is cut off at the limit."""

    def __init__(self, app: ASGIApp, largest: int = LARGEST) -> None:
        self._app = app
        self._largest = largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdigit() or int(announced) > self._largest:
            answer = JSONResponse({"detail": f"A body may have {self._largest:,} bytes at most"}, status_code=413)
            await answer(scope, receive, send)
            return
        received = 0

        async def receive_some() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._largest:
                raise BodyTooLargeError
            return message

        await self._app(scope, receive_some, send)

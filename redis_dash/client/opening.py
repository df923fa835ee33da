"""Opens a connection: directly or through SSH, over TCP, TLS or a Unix socket; then the user and the database."""

from __future__ import annotations

import asyncio
import socket
from ssl import SSLContext, SSLEOFError

from redis_dash.client.connection import Connection
from redis_dash.client.endpoint import Endpoint, endpoint_of
from redis_dash.client.reasons import CERTIFICATE_REFUSED, WRONG_PASSWORD
from redis_dash.client.tunnel import WITHIN_S, Tunnel, tunnel_to
from redis_dash.config import Url
from redis_dash.core.errors import AwayError, SourceError

CONNECT_TIMEOUT_S = 3.0
TLS_TIMEOUT_S = CONNECT_TIMEOUT_S - 0.5
"""Timeout of the TLS handshake. A port without TLS does not answer it and waits for more bytes."""
NO_TLS_ANSWER = "no answer to TLS in time: is this a plain port (redis://)?"


def time_limit_s(url: Url) -> float:
    """How long opening a connection may take; SSH needs some seconds more."""
    return CONNECT_TIMEOUT_S + (WITHIN_S if url.ssh else 0.0)


async def open_connection(url: Url, connection: Connection) -> None:
    """Connect, authenticate and select the database.

    Raises:
        OSError, TimeoutError: no server answers.
        SourceError: the server refused the connection, or ssh failed.
        ConfigError: the driver does not understand an option in the URL.
    """
    endpoint = endpoint_of(url)
    context = endpoint.tls() if endpoint.tls is not None else None  # takes long on a slow machine
    if endpoint.shows_certificate:
        connection.why_closed = lambda: CERTIFICATE_REFUSED
    if not endpoint.ssh:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await _open(connection, endpoint, context)
        return
    tunnel = tunnel_to(_forwarded(endpoint), endpoint.ssh, url.bastion)
    start = await tunnel.connect()
    connection.why_closed = lambda: tunnel.trouble
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await _open(connection, endpoint, context, start)
    except (OSError, SourceError) as error:
        raise _explained(error, tunnel) from None


def _explained(error: OSError | SourceError, tunnel: Tunnel) -> OSError | SourceError:
    """The words of ssh, if it could not reach the server from the other side."""
    is_closed = isinstance(error, ConnectionError | SSLEOFError) or str(error) == NO_TLS_ANSWER
    return SourceError(tunnel.trouble) if is_closed and tunnel.trouble else error


def _forwarded(endpoint: Endpoint) -> str:
    if endpoint.path is not None:
        return endpoint.path
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    return f"{host}:{endpoint.port}"


async def _open(
    connection: Connection, endpoint: Endpoint, context: SSLContext | None, start: socket.socket | None = None
) -> None:
    """Connect, or go on with the connection that was started."""
    loop = asyncio.get_running_loop()
    if endpoint.path is not None and start is None:
        await loop.create_unix_connection(lambda: connection, endpoint.path)
    else:
        place = {"host": endpoint.host, "port": endpoint.port} if start is None else {"sock": start}
        try:
            await loop.create_connection(
                lambda: connection,
                **place,
                ssl=context,
                server_hostname=endpoint.tls_name if context is not None else None,
                ssl_handshake_timeout=None if context is None else TLS_TIMEOUT_S,
            )
        except ConnectionAbortedError:
            raise SourceError(NO_TLS_ANSWER) from None
    try:
        if endpoint.user or endpoint.password:  # AUTH is sent for a user without a password, too
            await _authenticate(connection, endpoint)
        if endpoint.database:
            await connection.ask(b"SELECT", str(endpoint.database).encode())
    except BaseException:
        connection.hang_up()
        raise


async def _authenticate(connection: Connection, endpoint: Endpoint) -> None:
    """Send user and password. If they are refused, the password may have been replaced: it is read again."""
    user, renewable = [endpoint.user.encode()] if endpoint.user else [], endpoint.renewable
    try:
        await connection.ask(b"AUTH", *user, endpoint.password.encode())
    except SourceError as error:
        if renewable is None or not str(error).startswith(WRONG_PASSWORD):
            raise
        renewable.refused(endpoint.password)
        raise AwayError("; ".join(filter(None, (str(error), renewable.trouble)))) from None

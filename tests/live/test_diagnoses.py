"""Every caller gets the diagnosed reason why the server cannot be reached."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.client.deployment import Deployment
from redis_dash.config import Url
from redis_dash.core.errors import SourceError
from redis_dash.pubsub.message_log import MessageRing
from redis_dash.pubsub.subscriber import Subscriber
from tests.conftest import until
from tests.live.peers import Serve, peer, says
from tests.live.relay import relay

ATTEMPTS = 8
"""More than the commands that come first on a connection: each of them may be left out for a while."""


async def reasons(url: str, attempts: int = 0) -> set[str]:
    """The reasons that callers get at the same time, right afterwards, and at each of some further attempts."""
    deployment = Deployment(Url(url))
    try:
        asked = (deployment.one(b"GET", b"a"), deployment.ping_ms(), deployment.info(), deployment.connect())
        errors = [*await asyncio.gather(*asked, return_exceptions=True)]
        errors += await asyncio.gather(deployment.one(b"PING"), return_exceptions=True)
        for _ in range(attempts):
            deployment.connect_now()
            errors += await asyncio.gather(deployment.one(b"PING"), return_exceptions=True)
        assert all(isinstance(error, SourceError) for error in errors)
        return set(map(str, errors))
    finally:
        await deployment.close()


@pytest.mark.parametrize(
    ("serve", "reason"),
    [
        (says(b"-ERR max number of clients reached\r\n", first=True), "maxclients"),
        (says(b"-ERR max number of clients reached\r\n"), "maxclients"),
        (says(b"\x15\x03\x03\x00\x02\x02F"), "TLS port: use rediss://"),
        (says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "HTTP server"),
        (says(b"<!DOCTYPE HTML>\n<html lang=en><body>Bad request</body></html>\n"), "HTTP server"),
        (says(b"220 mail.example.com ESMTP\r\n", first=True), "does not speak Redis's protocol"),
        (says(b":1\r\n" * 1000), "sent a reply without a request"),
        (says(b""), "closed the connection without a word"),
        (says(b"-DENIED Redis is running in protected mode because \x1b[31m\r\n", first=True), "protected mode"),
        (says(b"-NOAUTH HELLO must be called\r\n"), "wants a password (--ask-password"),
        (says(b"-ERR \x1b[31mHELLO\x07 must be called\r\n"), r"\x1b[31mHELLO\x07"),
    ],
)
async def test_the_reason_is_reported(serve: Serve, reason: str) -> None:
    async with peer(serve) as url:
        (text,) = await reasons(url, ATTEMPTS)
    assert reason in text
    assert text.isprintable()


async def test_a_subscriber_gets_the_same_reason() -> None:
    for serve, reason in (
        (says(b"-ERR max number of clients reached\r\n", first=True), "maxclients"),
        (says(b""), "closed the connection without a word"),
        (says(b"<html><body>Bad request</body></html>\n"), "HTTP server"),
    ):
        async with peer(serve) as url:
            subscriber = Subscriber(Url(url), ("*",), MessageRing())
            task = asyncio.create_task(subscriber.run())
            await until(lambda subscriber=subscriber, reason=reason: reason in subscriber.trouble)  # type: ignore[misc]
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_our_own_time_out_is_not_the_servers_doing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("redis_dash.client.node.REPLY_TIMEOUT_S", 0.2)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)

    async with peer(silent) as url:
        assert await reasons(url) == {"no answer in time"}


async def test_a_server_that_is_full(embedded_server: EmbeddedServer, client: redis.Redis) -> None:
    limit = client.config_get("maxclients")["maxclients"] or 10_000
    clients = client.info("clients")["connected_clients"]
    client.config_set("maxclients", clients)
    try:
        (text,) = await reasons(embedded_server.url, ATTEMPTS)
        assert "maxclients" in text
    finally:
        client.config_set("maxclients", limit)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for 127.0.0.1 in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    options = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    subprocess.run(
        [openssl, *options.split(), "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True,
        capture_output=True,
    )
    both = folder / "both.pem"
    both.write_bytes((folder / "key.pem").read_bytes() + (folder / "cert.pem").read_bytes())
    return both


async def test_tls_where_there_is_none_and_the_other_way_round(
    embedded_server: EmbeddedServer, client: redis.Redis, certificate: Path
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    async with relay(embedded_server.port, context=context) as secure:
        (text,) = await reasons(secure.url)
        assert "rediss://" in text
    (text,) = await reasons(f"rediss://127.0.0.1:{embedded_server.port}/0?ssl_cert_reqs=none")
    assert "redis://" in text or "TLS" in text


async def test_a_client_certificate_that_is_asked_for(
    embedded_server: EmbeddedServer, client: redis.Redis, certificate: Path
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certificate))
    context.load_cert_chain(certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    async with relay(embedded_server.port, context=context) as secure:
        (text,) = await reasons(f"rediss://127.0.0.1:{secure.port}/0?ssl_ca_certs={certificate}")
    assert "client certificate" in text

"""The subscriber connects with every kind of URL: with a user name, a database, TLS or a Unix socket."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.config import Url
from redis_dash.pubsub.message_log import MessageRing
from redis_dash.pubsub.subscriber import Subscriber
from tests.conftest import until
from tests.live.relay import relay
from tests.live.subscribing import events, listening


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A private key and a self-signed certificate for 127.0.0.1 in one file."""
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


def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


async def hears(url: str, client: redis.Redis, user: str = "default", db: str = "0") -> None:
    """Check that small and large messages arrive, as the right user and in the right database."""
    async with listening(url) as subscriber:
        await asyncio.to_thread(client.publish, "orders", "small")
        await asyncio.to_thread(client.publish, "orders", b"y" * 3_000_000)
        await asyncio.to_thread(client.publish, "orders", "small again")
        await until(lambda: subscriber.received == 3)
        assert [event.size for event in events(subscriber)] == [5, 3_000_000, 11]
        listeners = [(one["name"], one["user"], one["db"]) for one in client.client_list(_type="pubsub")]
        assert ("redis-dash", user, db) in listeners


async def test_tls(client: redis.Redis, embedded_server: EmbeddedServer, certificate: Path) -> None:
    async with relay(embedded_server.port, context=tls(certificate)) as secure:
        await hears(f"rediss://127.0.0.1:{secure.port}/0?ssl_ca_certs={certificate}", client)


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    embedded_server: EmbeddedServer, certificate: Path
) -> None:
    async with relay(embedded_server.port, context=tls(certificate)) as secure:
        subscriber = Subscriber(Url(f"rediss://127.0.0.1:{secure.port}/0"), ("*",), MessageRing())
        task = asyncio.create_task(subscriber.run())
        await until(lambda: "certificate" in subscriber.trouble)
        assert not subscriber.connected
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_unix_socket(client: redis.Redis, embedded_server: EmbeddedServer, tmp_path: Path) -> None:
    socket = tmp_path / "redis.sock"
    async with relay(embedded_server.port, socket=socket):
        await hears(f"unix://{socket}?db=0", client)


async def test_a_user_by_name_and_another_database(client: redis.Redis, redis_url: str) -> None:
    client.acl_setuser("ear", enabled=True, passwords=["+p@ss:/"], commands=["+@all"], channels=["*"])
    try:
        await hears(redis_url.replace("//", "//ear:p%40ss%3A%2F@").replace("/0", "/5"), client, "ear", "5")
    finally:
        client.acl_deluser("ear")


async def test_a_wrong_password_is_reported(redis_url: str) -> None:
    subscriber = Subscriber(Url(redis_url.replace("//", "//nobody:wrong@")), ("*",), MessageRing())
    task = asyncio.create_task(subscriber.run())
    await until(lambda: "password" in subscriber.trouble)
    assert "wrong" not in subscriber.trouble
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_a_message_is_kept_or_overwritten_and_nothing_else(client: redis.Redis, redis_url: str) -> None:
    async with listening(
        redis_url, "orders", "o*", "payments", log=MessageRing(capacity=700, max_bytes=100_000)
    ) as small:
        pipe = client.pipeline(transaction=False)
        for number in range(5000):
            pipe.publish("orders" if number % 3 else "payments", f"message {number}" * (number % 7))
        pipe.execute()
        small.log.mark("a mark is no message", 0.0)
        await until(lambda: small.received == 5000)
        log = small.log
        assert 0 < log.kept <= 700
        assert log.kept == len(events(small))
        assert small.received == log.kept + log.overwritten
        assert small.counts.total() == small.received

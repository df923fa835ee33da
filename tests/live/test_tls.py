"""TLS: whom it trusts, what it shows to the server, and in which words it fails."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import redis
import trustme

from demo_server.process.embedded import EmbeddedServer, free_port
from redis_dash.config import Config
from redis_dash.discover import discover
from redis_dash.doctor import doctor
from redis_dash.snapshot import take
from tests.conftest import until_async
from tests.live.certificates import Authority
from tests.live.reaching import said
from tests.live.relay import relay
from tests.moving.servers import programs

LOCKED = """\
-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,49952D7F1E28C85587946D2AEC4B6B3E

WekQCqtCyeEfpNII8BiUU2KwS6Aiyw7QGR0NS+zneL2IevA3IDaj6JpdNC3V9PIm
glituZXVZxjihdzhF0qqFe4QiwrO+pImXSEwVnuoABoYmlhY5vMqAvbOC7ca+0+9
k6n2DuXw2YDrywHohEuBSK1dVGc0jDM39eGkrhqNefk=
-----END EC PRIVATE KEY-----
"""
"""A private key with a passphrase."""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@contextlib.asynccontextmanager
async def served(server: EmbeddedServer, context: ssl.SSLContext) -> AsyncIterator[str]:
    """The beginning of a URL of a server behind TLS: options may be added."""
    async with relay(server.port, context=context) as secure:
        yield f"rediss://127.0.0.1:{secure.port}/0?"


async def test_an_authority_that_is_named_is_trusted(embedded_server: EmbeddedServer, authority: Authority) -> None:
    async with served(embedded_server, authority.context()) as url:
        assert await said(f"{url}ssl_ca_certs={authority.file}") == ""
        assert "an authority that is not trusted here; --cacert FILE" in await said(url)


async def test_an_authority_that_is_named_is_the_only_one(
    embedded_server: EmbeddedServer, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    monkeypatch.setenv("SSL_CERT_FILE", authority.file)
    async with served(embedded_server, authority.context()) as url:
        assert await said(url) == ""
        for options in (f"ssl_ca_certs={other}", f"ssl_ca_certs={other}&socket_timeout=5"):
            assert "not trusted here" in await said(url + options)


async def test_a_certificate_that_is_over(embedded_server: EmbeddedServer, authority: Authority) -> None:
    async with served(embedded_server, authority.context(authority.expired)) as url:
        assert await said(f"{url}ssl_ca_certs={authority.file}") == "the server's certificate has expired"


async def test_a_certificate_for_another_name(embedded_server: EmbeddedServer, authority: Authority) -> None:
    async with served(embedded_server, authority.context(authority.named)) as url:
        url += f"ssl_ca_certs={authority.file}"
        text = await said(url)
        assert text == (
            "the server's certificate is for another name than 127.0.0.1; --sni NAME gives the name that it holds"
        )
        assert await said(f"{url}&sni=redis.example.com") == ""
        assert "another name than wrong.example.com" in await said(f"{url}&sni=wrong.example.com")
        assert await said(url + "&ssl_check_hostname=no") == ""


async def test_the_server_learns_the_name(embedded_server: EmbeddedServer, authority: Authority) -> None:
    asked: list[str | None] = []
    context = authority.context(authority.named)
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    async with served(embedded_server, context) as url:
        await said(f"{url}ssl_ca_certs={authority.file}&sni=redis.example.com")
    assert set(asked) == {"redis.example.com"}


async def test_a_certificate_signed_by_itself(embedded_server: EmbeddedServer, tmp_path: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    from tests.live.certificates import LONG_AGO

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "redis")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number())
    made = made.not_valid_before(LONG_AGO).not_valid_after(LONG_AGO.replace(year=LONG_AGO.year + 2))
    both = tmp_path / "both.pem"
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(encoding, form, serialization.NoEncryption())
    both.write_bytes(secret + made.sign(key, hashes.SHA256()).public_bytes(encoding))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(both)
    async with served(embedded_server, context) as url:
        assert await said(url) == "the server's certificate is signed by itself; --cacert FILE trusts it"


async def test_a_client_certificate(embedded_server: EmbeddedServer, authority: Authority, tmp_path: Path) -> None:
    stranger = trustme.CA().issue_cert("stranger@example.com")
    strange = tmp_path / "stranger.pem"
    stranger.private_key_and_cert_chain_pem.write_to_path(str(strange))
    async with served(embedded_server, authority.context(asks=True)) as url:
        url += f"ssl_ca_certs={authority.file}"
        assert "a client certificate (--cert" in await said(url)
        assert await said(f"{url}&ssl_certfile={authority.cert}&ssl_keyfile={authority.key}") == ""
        assert "our certificate (--cert)" in await said(f"{url}&ssl_certfile={strange}")


async def test_a_plain_port_and_tls(embedded_server: EmbeddedServer, authority: Authority) -> None:
    assert "redis://" in await said(f"rediss://127.0.0.1:{embedded_server.port}/0?ssl_ca_certs={authority.file}")
    async with relay(embedded_server.port, context=authority.context()) as secure:
        assert "rediss://" in await said(secure.url)


async def test_files_that_are_no_certificates(authority: Authority, tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing")
    locked = tmp_path / "locked.pem"
    locked.write_text(LOCKED)
    for options, words in (
        ("ssl_ca_certs=/nowhere.pem", "/nowhere.pem: No such file"),
        (f"ssl_ca_certs={empty}", f"{empty} holds no certificate in PEM"),
        (f"ssl_certfile={authority.cert}", f"{authority.cert} holds no private key in PEM"),
        (f"ssl_certfile={authority.cert}&ssl_keyfile={authority.server_key}", "is not that of"),
        (f"ssl_certfile={authority.cert}&ssl_keyfile={locked}", "has a passphrase"),
        (f"ssl_certfile={authority.cert}&ssl_keyfile=/nowhere.key", "/nowhere.key: No such file"),
        (f"ssl_certfile={empty}&ssl_keyfile={authority.key}", f"{empty} holds no certificate in PEM"),
        (f"ssl_keyfile={authority.key}", "its certificate is needed"),
    ):
        text = await said(f"rediss://127.0.0.1:1/0?{options}")
        assert text.startswith("TLS cannot be set up: ")
        assert words in text


async def test_what_is_not_verified_is_in_every_document(
    embedded_server: EmbeddedServer, client: redis.Redis, authority: Authority
) -> None:
    client.set("page:/", "x")
    async with served(embedded_server, authority.context(authority.expired)) as url:
        config = Config(url=f"{url}ssl_cert_reqs=none")
        talk = io.StringIO()
        document, code = await take(config, 0.0, ["server"], talk)
        listed, _ = await discover(config, as_json=True)
        table, _ = await discover(config, as_json=False)
    assert code == 0
    for one in (json.loads(document), json.loads(listed)):
        assert (one["tls"], one["via"]) == ("not verified", None)
        assert one["target"].startswith("rediss://127.0.0.1:")
    assert ", not verified: 1 key" in table
    assert "/0, not verified for 0 s" in talk.getvalue()


async def test_what_is_verified_is_told_too(
    embedded_server: EmbeddedServer, client: redis.Redis, authority: Authority
) -> None:
    async with served(embedded_server, authority.context()) as url:
        document, _ = await take(Config(url=f"{url}ssl_ca_certs={authority.file}"), 0.0, ["server"], io.StringIO())
        async with served(embedded_server, authority.context(authority.expired)) as other:
            refused, _ = await take(Config(url=f"{other}ssl_ca_certs={authority.file}"), 0.0, (), io.StringIO())
            told, _ = await doctor(Config(url=f"{other}ssl_ca_certs={authority.file}"), as_json=True)
        nobody, _ = await take(Config(url=f"{url.replace('//', '//nobody@')}ssl_ca_certs={authority.file}"), 0.0, ())
    assert [json.loads(one)["tls"] for one in (refused, told, nobody)] == ["not connected", "not connected", "verified"]
    plain, _ = await take(Config(url=embedded_server.url), 0.0, ["server"], io.StringIO())
    assert (json.loads(document)["tls"], json.loads(plain)["tls"]) == ("verified", None)


@pytest.fixture(scope="module")
def redis_with_tls(authority: Authority) -> Iterator[int]:
    """The TLS port of a real Redis, which asks for a client certificate."""
    options = ["--port", "0", "--save", "", "--appendonly", "no", "--bind", "127.0.0.1"]
    options += ["--tls-cert-file", authority.server_cert, "--tls-key-file", authority.server_key]
    options += ["--tls-ca-cert-file", authority.file]
    for program in programs():
        port = free_port()
        process = subprocess.Popen(
            [program, "--tls-port", str(port), *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert process.stdout is not None
        is_ready = any("ready to accept connections" in line.lower() for line in process.stdout)
        if is_ready:
            yield port
        process.terminate()
        process.communicate(timeout=10)
        if is_ready:
            return
    pytest.skip("no server on PATH was built with TLS")


async def test_a_real_redis_with_tls(redis_with_tls: int, authority: Authority) -> None:
    url = f"rediss://127.0.0.1:{redis_with_tls}/0?ssl_ca_certs={authority.file}"
    whole = f"{url}&ssl_certfile={authority.cert}&ssl_keyfile={authority.key}"

    async def answers() -> bool:
        return await said(whole) == ""

    await until_async(answers)
    assert "client certificate" in await said(url)
    document, code = await asyncio.create_task(take(Config(url=whole), 0.0, (), io.StringIO()))
    assert (code, json.loads(document)["tls"]) == (0, "verified")

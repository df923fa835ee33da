"""An authority that nobody knows, and what it has issued: made anew for each run of the tests."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

LONG_AGO = datetime.now(UTC) - timedelta(days=30)


class Authority:
    """An authority, its certificate in a file, and certificates for servers and for one client."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ca = trustme.CA()
        self.file = str(self._written("ca.pem", self._ca.cert_pem.bytes()))
        self.server = self._ca.issue_cert("127.0.0.1", "localhost")
        self.named = self._ca.issue_cert("redis.example.com")
        self.expired = self._ca.issue_cert("127.0.0.1", not_before=LONG_AGO, not_after=LONG_AGO + timedelta(days=1))
        client = self._ca.issue_cert("watcher@example.com")
        self.cert = str(self._written("client.pem", client.cert_chain_pems[0].bytes()))
        self.key = str(self._written("client.key", client.private_key_pem.bytes()))
        self.server_cert = str(self._written("server.pem", self.server.cert_chain_pems[0].bytes()))
        self.server_key = str(self._written("server.key", self.server.private_key_pem.bytes()))

    def _written(self, name: str, content: bytes) -> Path:
        path = self._folder / name
        path.write_bytes(content)
        return path

    def context(self, certificate: trustme.LeafCert | None = None, *, asks: bool = False) -> ssl.SSLContext:
        """The context of a server; with ``asks`` it wants a certificate of the client."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        (certificate or self.server).configure_cert(context)
        if asks:
            self._ca.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

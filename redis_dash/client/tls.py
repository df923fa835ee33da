"""The TLS context of a connection: whom it trusts, and which certificate it shows."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any, NamedTuple

MODES = {"none": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}
"""The values of the URL's option ``ssl_cert_reqs``."""


class TlsOptions(NamedTuple):
    """What a URL says about TLS. The names are those of the driver (redis-py)."""

    ca_certs: str | None = None
    ca_path: str | None = None
    ca_data: str | None = None
    """If one of the three names authorities, only these are trusted, and not those of the system."""
    certfile: str | None = None
    keyfile: str | None = None
    password: str | None = None
    """Of the private key."""
    cert_reqs: ssl.VerifyMode = ssl.CERT_REQUIRED
    check_hostname: bool = True
    include_verify_flags: list[ssl.VerifyFlags] | None = None
    exclude_verify_flags: list[ssl.VerifyFlags] | None = None
    min_version: ssl.TLSVersion | None = None
    ciphers: str | None = None


def tls_context(options: TlsOptions) -> ssl.SSLContext:
    """Create the context.

    Raises:
        OSError: the certificates or ciphers cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        _trust(context, options)
        if options.certfile or options.keyfile:
            _show(context, options)
        context.check_hostname = options.check_hostname and options.cert_reqs is not ssl.CERT_NONE
        context.verify_mode = options.cert_reqs
        for flag in options.include_verify_flags or ():
            context.verify_flags |= flag
        for flag in options.exclude_verify_flags or ():
            context.verify_flags &= ~flag
        if options.min_version is not None:
            context.minimum_version = options.min_version
        if options.ciphers is not None:
            context.set_ciphers(options.ciphers)
    except (OSError, ValueError, TypeError) as error:
        reason = error.strerror if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) else None
        raise OSError(f"TLS cannot be set up: {reason or error}") from None
    return context


def _trust(context: ssl.SSLContext, options: TlsOptions) -> None:
    if options.cert_reqs is ssl.CERT_NONE:
        return
    if not (options.ca_certs or options.ca_path or options.ca_data):
        context.load_default_certs()
        return
    if options.ca_certs:
        _check_readable(options.ca_certs)
    try:
        context.load_verify_locations(options.ca_certs, options.ca_path, options.ca_data)
    except ssl.SSLError:
        raise OSError(f"{options.ca_certs or 'the given data'} holds no certificate in PEM") from None


def _show(context: ssl.SSLContext, options: TlsOptions) -> None:
    """Load the client certificate."""
    certificate, key = options.certfile or "", options.keyfile
    if not certificate:
        raise OSError(f"{key} is a private key: its certificate is needed, too")
    for file in (certificate, key):
        if file:
            _check_readable(file)

    def refuse(*_: Any) -> str:  # without it OpenSSL asks on the terminal, in the middle of the dashboard
        raise OSError(f"the private key in {key or certificate} has a passphrase, which cannot be given here")

    try:
        context.load_cert_chain(certificate, key, options.password or refuse)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise OSError(f"the private key in {key or certificate} is not that of {certificate}") from None
        if "PRIVATE KEY-----" not in Path(key or certificate).read_text("latin-1"):
            raise OSError(f"{key or certificate} holds no private key in PEM") from None
        if options.password:
            raise OSError(f"the private key in {key or certificate} cannot be read with this passphrase") from None
        raise OSError(f"{certificate} holds no certificate in PEM that can be used") from None


def _check_readable(file: str) -> None:
    try:
        with Path(file).open("rb"):
            return
    except OSError as error:
        raise OSError(f"{file}: {error.strerror or error}") from None

"""URLs are parsed as the driver parses them."""

from __future__ import annotations

import traceback

import pytest

from redis_dash.client.endpoint import Endpoint, endpoint_of, without_secret
from redis_dash.config import Url
from redis_dash.core.errors import ConfigError

SECRET = "hunter2-secret"


def facts(endpoint: Endpoint) -> tuple[object, ...]:
    """Everything but TLS."""
    return endpoint.host, endpoint.port, endpoint.path, endpoint.user, endpoint.password, endpoint.database


@pytest.mark.parametrize(
    "raw",
    [
        "redis://localhost",
        "redis://localhost/",
        "redis://LocalHost:7000/3",
        "redis://10.1.2.3:1//5",
        "redis://[::1]:7000/2",
        "redis://:p%40ss%3A%2F%25@redis.example.com/0",
        "redis://ann:@redis.example.com",
        "redis://a%2Bn:s+e;c&r=t@redis.example.com:7/12",
        "redis://:%F0%9F%94%91@h",
        "unix:///run/redis%20here.sock",
        "unix://ann:secret@/run/redis.sock",
    ],
)
def test_without_options_as_the_driver_reads_it_with_one(raw: str) -> None:
    assert facts(endpoint_of(Url(raw))) == facts(endpoint_of(Url(f"{raw}?socket_timeout=5")))
    assert endpoint_of(Url(raw)).tls is None


def test_options_are_the_drivers() -> None:
    endpoint = endpoint_of(Url("rediss://h/2?db=7&ssl_check_hostname=no&ssl_cert_reqs=none"))
    assert endpoint.database == 7
    assert endpoint.tls is not None
    assert not endpoint.tls().check_hostname
    assert endpoint_of(Url("rediss://h")).tls is not None


def test_an_unknown_option_is_reported_without_the_password() -> None:
    with pytest.raises(ConfigError) as caught:
        endpoint_of(Url(f"redis://:{SECRET}@h/0?colour=blue"))
    text = "".join(traceback.format_exception(caught.value))
    assert "colour" in text
    assert SECRET not in text


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("redis://h?ssl_cert_reqs=none", "the option ssl_cert_reqs is for TLS, which is rediss://"),
        ("rediss://h?ssl_colour=blue", "the option ssl_colour in the URL is not known"),
        ("redis://h?retry=5", "the option retry in the URL is not known"),
        ("redis://h?connection_class=x", "an option in the URL cannot be used"),
    ],
)
def test_an_impossible_option_is_reported_in_the_users_words(raw: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        endpoint_of(Url(raw))
    assert str(caught.value).endswith(said)
    assert "__init__" not in str(caught.value)


def test_an_option_of_a_pool_means_nothing_here() -> None:
    assert endpoint_of(Url("redis://h?max_connections=5")).host == "h"


@pytest.mark.parametrize("options", ["ssl_ca_certs=/nowhere", "ssl_certfile=/nowhere", "ssl_ciphers=none"])
def test_certificates_that_cannot_be_used_are_reported(options: str) -> None:
    endpoint = endpoint_of(Url(f"rediss://h?{options}"))
    assert endpoint.tls is not None
    with pytest.raises(OSError, match="TLS cannot be set up"):
        endpoint.tls()


def test_messages_of_the_system_are_shown_without_numbers() -> None:
    url = Url("redis://h")
    assert without_secret("[Errno -2] Name or service not known", url) == "no such host"
    assert without_secret("[Errno 113] No route to host", url) == "No route to host"

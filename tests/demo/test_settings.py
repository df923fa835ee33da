"""Settings from the environment."""

import ipaddress
from pathlib import Path

import pytest

from demo_server.settings import Settings, SettingsError


def test_defaults_and_overrides() -> None:
    assert Settings.from_environment({}) == Settings()
    changed = Settings.from_environment(
        {
            "REDIS_URL": "redis://redis:6379/1",
            "DEMO_RATE_LIMIT": "5",
            "DEMO_RATE_WINDOW": "10",
            "DEMO_LLM_SECONDS": "0",
            "DEMO_DATABASE": "/data/shop.sqlite3",
            "DEMO_TRUSTED_PROXIES": "10.0.0.0/8, ::1",
        }
    )
    assert (changed.redis_url, changed.rate_limit, changed.rate_window) == ("redis://redis:6379/1", 5, 10)
    assert (changed.llm_seconds, changed.database) == (0.0, Path("/data/shop.sqlite3"))
    assert changed.trusted_proxies == (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128"))


def test_a_named_redis_wins_over_the_environment() -> None:
    settings = Settings.from_environment({"REDIS_URL": "redis://production"}, redis_url="redis://mine")
    assert settings.redis_url == "redis://mine"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEMO_RATE_LIMIT", "0"),
        ("DEMO_RATE_LIMIT", "many"),
        ("DEMO_RATE_WINDOW", "-1"),
        ("DEMO_LLM_SECONDS", "nan"),
        ("DEMO_TRUSTED_PROXIES", "everybody"),
    ],
)
def test_nonsense_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}='{value}'"):
        Settings.from_environment({name: value})


def test_the_password_is_not_shown() -> None:
    assert "secret" not in repr(Settings(redis_url="redis://:secret@redis"))

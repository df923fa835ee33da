"""Passwords of servers and sentinels that are replaced at the same time are read again, each from its own file."""

from __future__ import annotations

from pathlib import Path

from redis_dash.config import load
from redis_dash.hub import Hub
from tests.conftest import until
from tests.live.conftest import running
from tests.live.sentinel.keys import USERS, Application
from tests.live.test_hub import FAST, Desk


async def test_passwords_that_are_replaced(app: Application, tmp_path: Path) -> None:
    servers = {"server": app.sentinels.clients, "sentinel": app.sentinels.sentinel_clients}
    for kind, clients in servers.items():
        (tmp_path / kind).write_text(f"old-{kind}")
        for client in clients:
            rights = {"commands": ["+@all"], "channels": ["*"], "keys": ["*"] if kind == "server" else []}
            client.acl_setuser("rotated", enabled=True, passwords=[f"+old-{kind}"], **rights)  # type: ignore[arg-type]
    given = {
        "url": app.sentinels.url.replace("sentinel://", "sentinel://rotated@"),
        "password_file": f"{tmp_path}/server",
        "sentinel_user": "rotated",
        "sentinel_password_file": f"{tmp_path}/sentinel",
        "refresh_s": FAST,
    }
    try:
        async with running(Hub(load(None, given, {"XDG_CONFIG_HOME": str(tmp_path)}))) as hub:
            desk = Desk(hub)

            def is_right() -> bool:
                return desk.all_are("ok") and hub.subscribed and desk.frame("server").sentinel.reached == 3

            await until(is_right)
            for kind, clients in servers.items():
                (tmp_path / kind).write_text(f"new-{kind}")
                for client in clients:
                    client.acl_setuser("rotated", enabled=True, passwords=[f"-old-{kind}", f"+new-{kind}"])
                    client.client_kill_filter(user="rotated")
            await until(lambda: not desk.all_are("ok"))
            await until(is_right)
            assert desk.frame("sessions").count.value == len(USERS)
            assert hub.errors == 0
    finally:
        for client in (*servers["server"], *servers["sentinel"]):
            client.acl_deluser("rotated")

"""Which sentinels are asked, with which user, and what is said where none helps."""

from __future__ import annotations

import contextlib
import json
import re
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from demo_server.process.embedded import free_port
from redis_dash import snapshot
from redis_dash.client.deployment import Deployment
from redis_dash.client.sentinel.sentinel import WANTS_PASSWORD
from redis_dash.config import Url
from redis_dash.core.commands import RevokeSession
from redis_dash.core.errors import SourceError
from redis_dash.doctor import doctor
from redis_dash.hub import Hub
from redis_dash.snapshot import take
from redis_dash.sources import SOURCES
from tests.conftest import until
from tests.live.conftest import running
from tests.live.sentinel.keys import BOARDS, LIMITED, USERS, Application, config, counts, truth, whole
from tests.live.test_hub import Desk

RIGHTS = Path(__file__).parents[3] / "docs" / "rights.md"


def url_of(app: Application, *hosts: str, user: str = "", name: str = "mymaster", options: str = "") -> str:
    return f"redis+sentinel://{user}{','.join(hosts or sentinels(app))}/{name}{options}"


def sentinels(app: Application) -> list[str]:
    return [f"127.0.0.1:{one.port}" for one in app.sentinels.sentinels]


@contextlib.asynccontextmanager
async def connected(url: str) -> AsyncIterator[Deployment]:
    deployment = Deployment(Url(url))
    try:
        await deployment.connect()
        yield deployment
    finally:
        await deployment.close()


async def trouble(url: str) -> str:
    with pytest.raises(SourceError) as caught:
        async with connected(url):
            pass
    return str(caught.value)


@pytest.fixture
def silent() -> Iterator[str]:
    """A port that takes connections, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


async def test_all_topics_and_the_state_of_the_sentinels(app: Application) -> None:
    async with running(Hub(config(app))) as hub:
        desk = Desk(hub)
        await whole(hub, desk)
        await until(lambda: bool(desk.statuses()) and desk.frame("server").sentinel.replicas != ())
        state = desk.frame("server").sentinel
        primary = app.sentinels.primary()
        assert (state.name, state.primary, state.trouble) == ("mymaster", app.address(primary), "")
        assert (state.reached, state.known) == (3, 3)
        assert [(one.address, one.trouble) for one in state.sentinels] == [(one, "") for one in sentinels(app)]
        (replica,) = state.replicas
        assert (replica.address, replica.trouble) == (app.address(1 - primary), "")
        assert hub.target == f"{app.sentinels.url}"
        await hub.select(3)
        await until(lambda: desk.all_are("ok") and desk.frame("server").database == 3)
        await until(lambda: counts(desk) == [0, 0, 0])
        assert hub.target.endswith("/mymaster/3")
        await hub.select(0)
        await until(lambda: counts(desk) == truth())


@pytest.mark.parametrize("where", ["first", "last"])
async def test_sentinels_that_are_down_or_hang(app: Application, silent: str, where: str) -> None:
    """One that answers is enough, and tells of the others."""
    bad, good = [f"127.0.0.1:{free_port()}", silent], sentinels(app)[1:2]
    async with connected(url_of(app, *(bad + good if where == "first" else good + bad))) as deployment:
        assert await deployment.on_first(b"DBSIZE") == len(USERS) + 30
        assert deployment.primary is not None
        await deployment.primary.sentinels.ask_again()  # and now those that were told of
        await deployment.primary.sentinels.ask_again()
        assert (deployment.primary.sentinels.reached, deployment.primary.sentinels.known) == (3, 3)


async def test_the_sentinel_that_was_named_goes_down(app: Application) -> None:
    async with running(Hub(config(app, url_of(app, sentinels(app)[0])))) as hub:
        desk = Desk(hub)
        await whole(hub, desk)
        await until(lambda: bool(desk.statuses()) and len(desk.frame("server").sentinel.sentinels) == 3)
        app.sentinels.kill_sentinel(0)
        old = app.sentinels.primary()
        await until(lambda: bool(desk.statuses()) and desk.frame("server").sentinel.reached == 2)
        app.sentinels.failover()
        await until(lambda: bool(desk.statuses()) and desk.frame("server").sentinel.primary == app.address(1 - old))
        await whole(hub, desk)


async def test_what_is_said_where_no_primary_is_found(app: Application, silent: str, redis_url: str) -> None:
    said = await trouble(url_of(app, name="mymister"))
    assert said == "the sentinels know no primary 'mymister'; they know mymaster; did you mean 'mymaster'?"
    port = free_port()
    said = await trouble(url_of(app, f"127.0.0.1:{port}"))
    assert said == f"no sentinel can be asked: connection refused (127.0.0.1:{port})"
    ports = [port, free_port(), free_port()]
    said = await trouble(url_of(app, *(f"127.0.0.1:{one}" for one in ports)))
    assert said == f"no sentinel can be asked: connection refused (127.0.0.1:{port} +2)"
    said = await trouble(url_of(app, silent))
    assert said == f"no sentinel can be asked: no answer in time ({silent})"
    plain = redis_url.removeprefix("redis://").partition("/")[0]
    said = await trouble(url_of(app, plain))
    assert said == f"no sentinel can be asked: this is no sentinel: use redis:// for a server ({plain})"
    said = await trouble(url_of(app, f"127.0.0.1:{port}", plain))
    assert said.startswith(f"no sentinel can be asked: connection refused (127.0.0.1:{port}); this is no sentinel")
    said = await trouble(f"redis://{sentinels(app)[0]}")
    assert said == (
        f"this is a Sentinel, not the Redis that it watches: use redis+sentinel://{sentinels(app)[0]}/mymaster"
    )


async def test_a_snapshot_of_a_sentinel_ends_at_once(app: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "READY_WITHIN_S", 3600.0)
    document, code = await take(config(app, f"redis://{sentinels(app)[0]}"), 600)
    assert (code, document.count("this is a Sentinel, not the Redis that it watches")) == (1, len(SOURCES))


async def test_sentinels_with_a_user_of_their_own(app: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if it may do no more than what `docs/rights.md` says: the least, or all that serves."""
    monkeypatch.setattr(snapshot, "READY_WITHIN_S", 3600.0)
    clients, page = app.sentinels.sentinel_clients, RIGHTS.read_text()
    (line,) = re.findall("^ACL SETUSER sentinel-watcher .*", page, re.MULTILINE)
    _, _, name, *rules = line.split()
    least = next(rule for rule in rules if rule.startswith("+"))
    assert f"the user needs `{least}`" in page
    users = {name: rules, "least": ["on", ">secret", "resetchannels", least], "nothing": ["on", ">secret"]}
    for client in clients:
        for user, its in users.items():
            client.execute_command("ACL", "SETUSER", user, *its)  # type: ignore[no-untyped-call]
        client.acl_setuser("default", enabled=False)
    try:
        ways = {user: url_of(app, options=f"?sentinel_username={user}&sentinel_password=secret") for user in users}
        for user in (name, "least"):
            async with running(Hub(config(app, ways[user]))) as hub:
                desk = Desk(hub)
                await whole(hub, desk, app.primary.dbsize() - LIMITED - BOARDS)
                assert (desk.frame("server").sentinel.reached, desk.frame("server").sentinel.known) == (3, 3)
                primary = hub.deployment.primary
                assert primary is not None
                await until(lambda primary=primary, user=user: primary.is_listening == (user == name))  # type: ignore[misc]
                assert (await hub.submit(RevokeSession(desk.frame("sessions").rows[0]))).result == "deleted"
        own = "the sentinels have a user and a password of their own (--sentinel-user, --sentinel-password-file)"
        said = await trouble(ways["nothing"])
        assert "not allowed to run SENTINEL" in said
        assert f"{own} (127.0.0.1:" in said
        assert (await trouble(url_of(app))).startswith(f"no sentinel can be asked: {WANTS_PASSWORD} (127.0.0.1:")
        document, code = await take(config(app, url_of(app)), 600)
        assert (code, document.count(WANTS_PASSWORD)) == (1, len(SOURCES))
        wrong = await trouble(url_of(app, options="?sentinel_username=least&sentinel_password=hunter2"))
        assert own in wrong
        assert "hunter2" not in wrong
    finally:
        for client in clients:
            client.acl_setuser("default", enabled=True)
            client.acl_deluser(*users)


async def test_snapshot_and_doctor_tell_of_sentinel(app: Application) -> None:
    text, code = await take(config(app), 1.0)
    document = json.loads(text)
    assert (code, document["target"]) == (0, app.sentinels.url)
    assert document["topics"]["server"]["frame"]["sentinel"]["primary"] == app.address(app.sentinels.primary())
    assert document["topics"]["sessions"]["frame"]["count"] == len(USERS)
    text, code = await doctor(config(app), as_json=False)
    primary = app.address(app.sentinels.primary())
    assert text.splitlines()[0].endswith(", primary of sentinels")
    words = " ".join(text.split())
    assert f"sentinel mymaster is {primary}; 1 replica; of the sentinels 3 of 3 answer" in words
    assert code == 0
    dead = f"127.0.0.1:{free_port()}"
    text, _ = await doctor(config(app, url_of(app, *sentinels(app), dead)), as_json=True)
    state = json.loads(text)["server"]["sentinel"]
    assert (state["primary"], state["reached"], state["known"]) == (primary, 3, 3)
    assert {one["address"]: one["trouble"] for one in state["sentinels"]}[dead] == "connection refused"

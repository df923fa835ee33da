"""A pass at full speed over a cluster: the next slices are requested early, and no primary gets ahead of the others."""

from __future__ import annotations

from redis_dash.client.cluster.slots import slot_of
from redis_dash.client.deployment import Deployment
from redis_dash.config import Url
from redis_dash.keyspace.strata import keys_of
from redis_dash.keyspace.walk import Walk
from tests.live.cluster.keys import Application

KEYS = 24_000
COUNT = 500


def write(app: Application) -> list[bytes]:
    """Write keys to all primaries."""
    keys, owners = [b"other:%d" % number for number in range(KEYS)], app.cluster.owners()
    for number, client in enumerate(app.cluster.clients[:3]):
        pipeline = client.pipeline(transaction=False)
        for key in keys:
            if owners[slot_of(key)] == number:
                pipeline.set(key, "")
        pipeline.execute()
    return keys


async def test_each_node_is_in_the_first_slice_however_few_keys_it_has(app: Application) -> None:
    names = [f"{prefix}:{number}" for prefix in ("a", "b", "c") for number in range(400)]
    few = next(name for name in names if app.number_of(name) == 2)
    for name in (*(name for name in names if app.number_of(name) != 2), few):
        app.client_of(name).set(name, "")
    deployment = Deployment(Url(app.cluster.url))
    try:
        await deployment.connect()
        walk = Walk(deployment, lambda: 10, lambda: False)
        await walk.slice()
        shares = {cursor.size: cursor.scanned_share for cursor in walk.cursors.values()}
        assert shares.pop(1) == 1.0
        assert all(0 < share < 0.5 for share in shares.values())
        await walk.finish()
    finally:
        await deployment.close()


async def test_slices_are_requested_early_and_all_nodes_are_scanned_alike(app: Application) -> None:
    written = write(app)
    deployment = Deployment(Url(app.cluster.url))
    try:
        await deployment.connect()
        walk, seen, early = Walk(deployment, lambda: COUNT, lambda: True), list[bytes](), 0
        while not walk.complete:
            seen += keys_of(await walk.slice())
            going = [cursor for cursor in walk.cursors.values() if not cursor.complete]
            early += len(going) == 3 and all(cursor.is_coming for cursor in going)
            shares = [cursor.scanned_share for cursor in walk.cursors.values()]
            assert max(shares) - min(shares) < 0.15
        await walk.finish()
        assert sorted(seen) == sorted(written)
        assert early > 5
    finally:
        await deployment.close()

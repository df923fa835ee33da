"""`compose.yaml`: what the containers are told, and that the application understands it."""

import json
import re
from pathlib import Path, PurePosixPath
from typing import Any

from demo_server.patterns.client_address import client_to_limit
from demo_server.process.embedded import EmbeddedServer
from demo_server.settings import Settings
from demo_server.workload.__main__ import main as workload
from tests.demo.conftest import run_app
from tests.demo.waiting import until

COMPOSE = Path(__file__).parents[2] / "compose.yaml"
PRIYA = {"email": "priya@example.com", "password": "demo"}


def services() -> dict[str, str]:
    """The text of each service."""
    text = re.sub(r"^ *#.*\n", "", COMPOSE.read_text(), flags=re.MULTILINE)
    block = text.split("services:\n")[1].split("\nvolumes:\n")[0]
    parts = re.split(r"^  (\w+):\n", block, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def environment(service: str) -> dict[str, str]:
    """What a service finds in its environment."""
    found = re.search(r"^    environment:\n((?:      .*\n)+)", service, flags=re.MULTILINE)
    assert found is not None
    lines = (line.strip().partition(": ") for line in found[1].splitlines() if line.strip())
    return {name: value.strip('"') for name, _, value in lines}


def test_the_database_is_kept_as_redis_is() -> None:
    api, redis = services()["api"], services()["redis"]
    assert "redis-data:/data" in redis
    kept = dict(re.findall(r"^      - ([a-z-]+):(/\S+)$", api, flags=re.MULTILINE))
    settings = Settings.from_environment(environment(api))
    assert settings.database is not None
    assert PurePosixPath(settings.database).parent in {PurePosixPath(folder) for folder in kept.values()}
    declared = COMPOSE.read_text().split("\nvolumes:\n")[1].split()
    assert {f"{name}:" for name in kept} <= set(declared)


def test_people_use_it_and_come_from_many_addresses() -> None:
    service = services()["workload"]
    assert "profiles" not in service
    found = re.search(r"^    command: (\[.*\])$", service, flags=re.MULTILINE)
    assert found is not None
    python, *module, option, url = json.loads(found[1])
    assert (python, module) == ("python", ["-m", "demo_server.workload"])
    arguments = [option, url, "--redis-url", environment(service)["DEMO_REDIS_URL"]]
    assert workload.make_context("workload", arguments).params["http_url"] == "http://api:8000"
    settings = Settings.from_environment(environment(services()["api"]))
    scope: dict[str, Any] = {"client": ("172.18.0.4", 40_000), "headers": [(b"x-forwarded-for", b"198.51.100.7")]}
    assert client_to_limit(scope, settings.trusted_proxies) == "198.51.100.7"


async def test_prices_and_numbers_of_orders_go_on_after_a_restart(own_server: EmbeddedServer, tmp_path: Path) -> None:
    settings = Settings(redis_url=own_server.url, database_latency=0.001, database=tmp_path / "shop.sqlite3")
    orders = []
    for price in (5, 6):
        async with run_app(settings) as shop:
            await until(lambda: shop.services.circuit.is_up)
            await shop.http.post("/login", json=PRIYA)
            orders.append((await shop.http.post("/orders", json={"product_id": 3})).json())
            await shop.http.put("/products/3", json={"price": price})
    assert [order["order_id"] for order in orders] == [1, 2]
    assert orders[1]["amount"] == 5

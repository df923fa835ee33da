"""Input that JSON allows and nobody expects: refused with a message, never repeated, never a crash."""

from collections.abc import AsyncIterator

import pytest
from click.testing import CliRunner

from demo_server.__main__ import main
from demo_server.middleware.body_limit import LARGEST
from tests.demo.conftest import Running

JSON = {"content-type": "application/json"}
PUT_PRODUCT = ("PUT", "/products/7")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        (*PUT_PRODUCT, '{"price": NaN}'),
        (*PUT_PRODUCT, '{"price": Infinity}'),
        (*PUT_PRODUCT, '{"price": 1e400}'),
        (*PUT_PRODUCT, '{"name": "\\ud800"}'),
        (*PUT_PRODUCT, '{"\\ud800": 1}'),
        (*PUT_PRODUCT, '{"name": "\\u001b[31mred"}'),
        (*PUT_PRODUCT, '{"name": "two\\nlines"}'),
        (*PUT_PRODUCT, '{"name": "ends\\n"}'),
        (*PUT_PRODUCT, '{"name": "\\u009b31m"}'),
        (*PUT_PRODUCT, '{"name": "\\u202eturned around"}'),
        (*PUT_PRODUCT, '{"name": "two\\u2028lines"}'),
        ("POST", "/scores", '{"player": "ann", "score": NaN}'),
        ("POST", "/scores", '{"player": "ann\\n", "score": 1}'),
        ("POST", "/scores", '{"player": "\\ud800", "score": 1}'),
        ("POST", "/login", '{"email": "\\ud800@example.com", "password": "\\ud800"}'),
        ("POST", "/login", '{"email": "priya@example.com", "password": ["hunter2"]}'),
        ("POST", "/login", "not json"),
    ],
)
async def test_it_is_refused_and_not_repeated(shop: Running, method: str, path: str, body: str) -> None:
    answer = await shop.http.request(method, path, content=body, headers=JSON)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["msg"]
    assert "hunter2" not in answer.text


async def test_a_body_has_a_limit(shop: Running) -> None:
    large = '{"name": "%s"}' % ("x" * LARGEST)
    announced = await shop.http.put("/products/7", content=large, headers=JSON)
    assert announced.status_code == 413
    assert str(f"{LARGEST:,}") in announced.json()["detail"]

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 1000):
            yield large[start : start + 1000].encode()

    assert (await shop.http.put("/products/7", content=chunks(), headers=JSON)).status_code == 400


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--redis-url", "http://localhost"], "redis://127.0.0.1:6379/0"),
        (["--redis-url", "redis://h:99999"], "redis://127.0.0.1:6379/0"),
        (["--redis-url", "redis://:hunter2/et@h:1/0"], "%2F"),
        (["--rate", "nan"], "nan"),
    ],
)
def test_bad_options_are_one_line_without_secrets(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code in (1, 2)
    assert said in result.output
    assert "hunter2" not in result.output
    assert "Traceback" not in result.output

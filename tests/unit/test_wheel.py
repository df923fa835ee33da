"""What the wheel puts at the top level of an environment."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_only_redis_dash_is_importable_where_it_is_installed() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    installed = {wheel["sources"].get(folder, folder) for folder in wheel["only-include"]}
    assert {path.split("/")[0] for path in installed} == {"redis_dash"}
    assert "redis_dash/_demo/demo_server" in installed  # where redis_dash.demo looks for it

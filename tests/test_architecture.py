"""The map in docs/architecture.md shows the packages that there are, in the order of the import rules."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
MAP = (ROOT / "docs" / "architecture.md").read_text()
HIDDEN = ("__init__.py", "__main__.py", "py.typed", "__pycache__")


def rows() -> list[str]:
    """The first column of the table of packages."""
    table = MAP.partition("## Packages")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([\w/.]+)` \|", table, re.MULTILINE)


def test_the_table_names_each_package_and_no_other() -> None:
    there = {path.name + "/" * path.is_dir() for path in (ROOT / "redis_dash").iterdir() if path.name not in HIDDEN}
    assert set(rows()) == there


def test_the_table_has_the_order_of_the_import_rules() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(one for one in contracts if one.get("containers") == ["redis_dash"])["layers"]
    height = {name.strip(): place for place, layer in enumerate(layers) for name in layer.split("|")}
    heights = [height[row.strip("/").removesuffix(".py")] for row in rows()]
    assert heights == sorted(heights)


def test_each_module_that_the_map_names_is_there() -> None:
    for package, text in re.findall(r"^\| `(\w+)/` \|([^\n]+)$", MAP, re.MULTILINE):
        for name in re.findall(r"`(\w+)/?`", text.partition("|")[0]):
            place = ROOT / "redis_dash" / package / name
            assert place.is_dir() or place.with_suffix(".py").exists(), place


def test_each_path_that_the_map_names_is_there() -> None:
    for name in set(re.findall(r"`([a-z]+/[\w/]+\.py)`", MAP)):
        assert (ROOT / name).exists() or (ROOT / "redis_dash" / name).exists(), name

"""Texts for people use words that a newcomer can look up: no private sayings of this program."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import redis_dash

RIDDLES = re.compile(
    r"not heard|nobody|listened? to|the ring\b|its reader|affair|lesser weight"
    r"|that is not none|stand still, or|taken off|sorted by time left|a known name"
    r"|in no form|lies above|job of the shell|by this or otherwise|as nonsense|cannot be had"
    r"|may make some|not asked for|whose they are|we may not look|looked for\b"
)
ROOT = Path(redis_dash.__file__).parent


def texts(path: Path) -> list[str]:
    """The strings of a module, without its docstrings."""
    tree = ast.parse(path.read_text())
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in docstrings]
    return [node.value for node in constants if isinstance(node.value, str) and " " in node.value]


@pytest.mark.parametrize("folder", ["tui", "sources", "actions", "client", "pubsub", "keyspace", "core"])
def test_no_text_is_a_riddle(folder: str) -> None:
    found = [(path.name, text) for path in sorted((ROOT / folder).rglob("*.py")) for text in texts(path)]
    assert found
    assert not [(name, text) for name, text in found if RIDDLES.search(text.casefold())]

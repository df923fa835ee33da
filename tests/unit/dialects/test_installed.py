"""Dialects of other packages: found by their entry points, checked, guarded, and told if they cannot be used."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from redis_dash.client.own_lookups import CALIBRATED
from redis_dash.core.resp import Command
from redis_dash.dialects import registry
from redis_dash.dialects.base import OtherDialectError, Rule, SessionFacts, Usage
from redis_dash.dialects.guarded import guarded
from redis_dash.dialects.installed import Installed, installed
from redis_dash.dialects.layout import Framework, KeySample, Layout, named
from redis_dash.dialects.problems import READS, problem_of
from redis_dash.dialects.testing import claims, sample, sessions

DOCS = Path(__file__).parents[3] / "docs" / "dialects.md"
Install = Callable[..., None]


def example(number: int) -> str:
    """The Python code of an example in the documentation."""
    return str(re.findall(r"^```python\n(.*?)^```", DOCS.read_text("utf-8"), re.MULTILINE | re.DOTALL)[number])


def write_package(folder: Path, name: str, code: str, target: str = "FRAMEWORK") -> None:
    """A package as ``pip`` installs it."""
    (folder / f"{name}.py").write_text(code, "utf-8")
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[redis_dash.dialects]\n{name} = {name}:{target}\n")


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    monkeypatch.syspath_prepend(tmp_path)

    def write(name: str, code: str, target: str = "FRAMEWORK") -> None:
        write_package(tmp_path, name, code, target)
        monkeypatch.delitem(sys.modules, name, raising=False)
        importlib.invalidate_caches()

    return write


def found() -> Installed:
    return installed(registry.names())


def module(name: str, code: str) -> ModuleType:
    made = ModuleType(name)
    exec(compile(code, name, "exec"), made.__dict__)
    return made


def test_the_example_of_the_documentation(install: Install) -> None:
    install("acme_redis_dash", example(0))
    assert found().problems == ()
    assert [layout.name for one in found().frameworks for layout in one.layouts] == ["Acme"]
    module("test_acme", example(1)).test_acme()
    assert len(example(0).splitlines()) <= 40


def test_there_are_none_here() -> None:
    assert found() == Installed()


def test_without_one_nothing_slow_is_imported() -> None:
    probe = (
        "import sys; from redis_dash.dialects import registry; registry.frameworks();"
        "print('importlib.metadata' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import nothing_of_this_name", "ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("FRAMEWORK = 5", "a Framework is expected, not int"),
        ("OTHER = 5", "AttributeError: "),
        ("syntax error", "SyntaxError: "),
        (
            "from redis_dash.dialects.layout import Framework\nFRAMEWORK = Framework(())",
            "it has no layouts",
        ),
        (
            "from redis_dash.dialects.layout import Framework\nFRAMEWORK = Framework((5,))",
            "AttributeError: ",
        ),
        (
            "from redis_dash.dialects.php_sessions import FRAMEWORK",
            "there are two dialects with the name 'PHP session'",
        ),
    ],
)
def test_what_cannot_be_used_is_told_in_one_sentence_and_the_others_are_used(
    code: str, why: str, install: Install
) -> None:
    install("acme_redis_dash", example(0))
    install("broken", code)
    frameworks, problems = found()
    assert len(frameworks) == 1
    (problem,) = problems
    assert problem.startswith(f"dialects of broken are not used: {why}")
    assert len(problem) < 220


def test_of_two_packages_with_the_same_names_the_first_is_used(install: Install) -> None:
    install("acme_redis_dash", example(0))
    install("better_acme", example(0))
    frameworks, problems = found()
    assert (len(frameworks), len(problems)) == (1, 1)
    assert "better_acme" in problems[0]
    assert "there are two dialects with the name 'Acme session'" in problems[0]


# -- checks ----------------------------------------------------------------------------------------------------------


def test_dialects_may_send_what_is_told_from_the_lookups_of_the_application() -> None:
    assert set(CALIBRATED) == READS


class Toy:
    """A dialect of sessions and limits that does what a test wants."""

    name = "toy"
    by_clock = False

    def __init__(
        self, decode: Callable[[object], object] = lambda reply: None, command: Callable[[bytes], Command] | None = None
    ) -> None:
        self._decode = decode
        self._command = command or (lambda key: (b"GET", key))

    def read(self, key: bytes) -> Command:
        return self._command(key)

    probe = read

    def reads(self, key: bytes, now: float, rule: Rule | None) -> list[Command]:
        return [self._command(key)]

    def searchable(self, reply: object) -> bytes | None:
        return bytes(1 // 0)

    def bound(self, reply: object) -> int:
        return 1 // 0


class ToySession(Toy):
    def decode(self, reply: object) -> SessionFacts | None:
        return self._decode(reply)  # type: ignore[return-value]


class ToyLimit(Toy):
    def decode(self, key: bytes, replies: object, now: float, rule: Rule | None) -> Usage | None:
        return self._decode(replies)  # type: ignore[return-value]


def layout(**settings: object) -> Layout:
    given = {
        "name": "Toy",
        "topic": "sessions",
        "keys": named(rb"toy:(?P<id>\d+)"),
        "type": "string",
        "value": lambda value: isinstance(value, bytes),
        "evidence": "",
        "dialect": "toy",
    }
    return Layout(**(given | settings))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"keys": re.compile(rb"toy:\d+")}, "group `id`"),
        ({"keys": "toy:*"}, "group `id`"),
        ({"type": "text"}, "`type` is one of string, hash"),
        ({"dialect": "none"}, "no dialect has the name 'none'"),
        ({"dialect": ""}, "a dialect must read its keys"),
        ({"name": "Flask-Session"}, "two layouts with the name"),
        ({"value": lambda value: value[0]}, "`value` or `also` raises TypeError for None"),
        ({"also": lambda one: one.ttl_s > 1}, "`value` or `also` raises TypeError"),
    ],
)
def test_a_layout_is_checked(settings: dict[str, object], why: str) -> None:
    assert problem_of(Framework((layout(),), (ToySession(),)), registry.names()) == ""
    assert why in problem_of(Framework((layout(**settings),), (ToySession(),)), registry.names())


@pytest.mark.parametrize(
    "command", [(b"DEL", b"k"), (b"GETEX", b"k"), (b"GET", b"other"), (b"LLEN", b"k"), (b"EVAL", b"return 1", b"0"), ()]
)
def test_a_dialect_that_does_not_only_read_is_not_used(command: Command) -> None:
    def sent(key: bytes) -> Command:
        return tuple(key if part == b"k" else part for part in command)

    for framework in (
        Framework((layout(),), (ToySession(command=sent),)),
        Framework((layout(topic="rate_limits"),), (), (ToyLimit(command=sent),)),
    ):
        assert "a dialect reads its key" in problem_of(framework, registry.names())
        one = guarded(framework)  # a dialect may also send it later
        assert [dialect.read(b"k") for dialect in one.sessions] in ([], [(b"TYPE", b"k")])
        for dialect in one.limits:
            assert (dialect.probe(b"k"), dialect.reads(b"k", 0.0, None)) == ((b"TYPE", b"k"), [(b"TYPE", b"k")])


# -- guards ----------------------------------------------------------------------------------------------------------


def fails(*_: object) -> object:
    raise KeyError("swordfish")


def test_an_error_in_a_session_dialect_costs_one_session() -> None:
    (dialect,) = guarded(Framework((layout(),), (ToySession(fails),))).sessions
    facts = dialect.decode(b"x")
    assert facts is not None
    assert facts.fields == (("", "the value is not decoded: toy fails with KeyError"),)
    assert dialect.searchable(b"x") is None


def test_an_error_in_a_limit_dialect_costs_one_key() -> None:
    (dialect,) = guarded(Framework((layout(topic="rate_limits"),), (), (ToyLimit(fails),))).limits
    with pytest.raises(OtherDialectError, match=r"^toy fails with KeyError$"):
        dialect.decode(b"k", [b"x"], 0.0, None)
    with pytest.raises(OtherDialectError, match="ZeroDivisionError"):
        dialect.bound(b"x")
    (wrong,) = guarded(Framework((layout(topic="rate_limits"),), (), (ToyLimit(lambda _: 5),))).limits
    with pytest.raises(OtherDialectError, match="TypeError"):
        wrong.decode(b"k", [b"x"], 0.0, None)


def test_an_error_in_a_layout_is_no_claim() -> None:
    kind = layout(value=lambda value: 1 / (value != b"bad"), rule=fails, id_glob=fails)
    framework = Framework((kind,), (ToySession(),))
    (claim,) = claims(framework, [sample(b"toy:1", b"good")])
    assert (claim.glob, claim.layout.name) == ("toy:*", "Toy")
    assert claims(framework, [sample(b"toy:1", b"bad")]) == []


def test_secrets_are_hidden_whatever_a_dialect_returns() -> None:
    token = "ghp_0123456789abcdefghij"
    facts = SessionFacts(
        token, token, fields=(("password", "swordfish"), ("note", token), ("plan", "gold")), others=(token,)
    )
    framework = Framework((layout(),), (ToySession(lambda _: facts),))
    shown = sessions(framework, [KeySample(b"toy:1", "string", 60.0, b"x")])[b"toy:1"]
    assert "swordfish" not in str(shown)
    assert token not in str(shown)
    assert ("plan", "gold") in shown.fields

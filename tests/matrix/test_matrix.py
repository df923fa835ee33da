"""``make matrix`` counts what pytest reports, and fails where a test failed or none ran."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from demo_server.process.embedded import EmbeddedServerError, find_server
from tests.matrix import __main__ as matrix
from tests.matrix.rows import Result, Row, rows, run
from tests.matrix.servers import Server, identified, missing, one_of_each
from tests.matrix.table import table

VALKEY = Server(Path("/v/valkey-server"), "Valkey", "8.1.8")
OLD, SAME = Server(Path("/a/redis-server"), "Redis", "6.2.14"), Server(Path("/b/redis-server"), "Redis", "6.2.14")


def test_one_server_of_each_version_is_tested_and_the_missing_ones_are_told() -> None:
    assert one_of_each([OLD, SAME, VALKEY]) == [VALKEY, OLD]
    assert [one.name for one in missing([VALKEY, OLD])] == ["Redis 7.0"]
    assert "not tested: Redis 7.0 is missing; apt install" in table([], missing([VALKEY, OLD]))


def test_a_server_is_identified_without_starting_it() -> None:
    assert identified(find_server()).name.split()[0] in ("Valkey", "Redis")
    with pytest.raises(EmbeddedServerError, match="does not tell its version"):
        identified(Path("/bin/echo"))


def test_each_server_has_its_rows_and_no_live_test_is_in_two_of_them() -> None:
    found = rows([VALKEY, OLD])
    names = [(row.server, row.deployment) for row in found]
    assert ("Redis 6.2.14", "cluster") in names
    assert names.count(("Valkey 8.1.8", "RESP2 only")) == 1
    plain = next(row for row in found if row.deployment == "one server")
    apart = [row.tests[0] for row in found if row.server == plain.server and row.deployment in ("cluster", "Sentinel")]
    assert [f"--ignore={folder}" for folder in apart] == list(plain.tests[1:])
    assert plain.environment == {"TESTED_SERVER": "/v/valkey-server"}


TESTS = """
import os
import pytest
def test_passes(): assert os.environ["TESTED_SERVER"] == "here"
def test_fails(): assert 0
@pytest.mark.skip
def test_is_skipped(): pass
@pytest.fixture
def broken(): raise ValueError
def test_cannot_begin(broken): pass
"""


def test_all_outcomes_are_counted(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(TESTS)
    row = Row("Redis", "one server", (f"--rootdir={tmp_path}", str(tmp_path)), {"TESTED_SERVER": "here"})
    result = run(row, "0", ["-p", "no:cacheprovider"])
    assert (result.passed, result.failed, result.skipped, result.trouble, result.is_good) == (1, 2, 1, "", False)
    none = run(row, "0", ["-p", "no:cacheprovider", "-k", "no_such"])
    assert (none.passed, none.trouble, none.is_good) == (0, "pytest ended with 5", False)
    assert "| Redis  | one server |      1 |      2 |       1 |" in table([(row, result)])


@pytest.mark.parametrize(("failed", "status"), [(0, 0), (1, 1)])
def test_the_exit_status(
    failed: int, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["matrix", "--only", "fakeredis"])
    monkeypatch.setattr(matrix, "run", lambda *_: Result(3, failed, 0, 61.0))
    assert matrix.main() == status
    assert f"| fakeredis | poor server |      3 |      {failed} |       0 | 1:01 |" in capsys.readouterr().out
    for wrong in (["--only", "nothing is named so"], ["--python", "no-such-python"], ["--server", "/bin/echo"]):
        monkeypatch.setattr(sys, "argv", ["matrix", *wrong])
        assert matrix.main() == 2
    assert "no-such-python is not on PATH" in capsys.readouterr().err

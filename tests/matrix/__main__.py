"""``make matrix``: runs the live tests on every server that is there, and prints how many passed on each."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from demo_server.process.embedded import EmbeddedServerError
from tests.matrix.environments import NoEnvironmentError, environments
from tests.matrix.rows import Result, Row, rows, run
from tests.matrix.servers import identified, missing, one_of_each
from tests.matrix.table import table
from tests.moving.servers import programs


def main() -> int:
    """Run everything; returns the exit status: 1 if a test failed, 2 if a server could not be asked."""
    parser = argparse.ArgumentParser(prog="make matrix", description=__doc__)
    parser.add_argument("--server", type=Path, action="append", default=[], help="a further program")
    parser.add_argument("--only", action="append", help="rows that contain this text, such as 'Redis 6.2' or 'cluster'")
    parser.add_argument("--workers", default="auto", help="processes of pytest (default: two for each core)")
    parser.add_argument("--python", action="append", default=[], help="instead: tests without a server on this Python")
    parser.add_argument("--textual", action="append", default=[], help="instead: the same with this version of Textual")
    parser.add_argument("--list", action="store_true", help="show the rows, and run nothing")
    parser.add_argument("arguments", nargs="*", help="go to pytest, after --")
    options = parser.parse_args()
    in_environments = bool(options.python or options.textual)
    try:
        servers = one_of_each([identified(program) for program in [*options.server, *programs()]])
        found = environments(options.python, options.textual) if in_environments else rows(servers)
    except (EmbeddedServerError, NoEnvironmentError) as error:
        _say(str(error))
        return 2
    wanted = [row for row in found if not options.only or any(text in _name(row) for text in options.only)]
    if options.list or not wanted:
        sys.stdout.write("".join(f"{_name(row)}\n" for row in wanted))
        return 0 if wanted else 2
    results: list[tuple[Row, Result]] = []
    for row in wanted:
        _say(f"{_name(row)} …")
        results.append((row, run(row, options.workers, options.arguments)))
    sys.stdout.write(table(results, [] if in_environments else missing(servers)) + "\n")
    return 0 if all(result.is_good for _, result in results) else 1


def _name(row: Row) -> str:
    return f"{row.server}, {row.deployment}"


def _say(line: str) -> None:
    sys.stderr.write(f"matrix: {line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())

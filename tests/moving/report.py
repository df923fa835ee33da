"""Prints tallies as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.moving.tally import MOST_SHARE, Tally


def table(tallies: Mapping[str, Tally]) -> str:
    """One line per server, then the details of each."""
    lines = [f"{'server':<28}{'frames':>9}{'figures':>10}{'wrong':>7}{'intervals':>11}{'held':>8}"]
    for server, tally in tallies.items():
        frames = sum(counts[0] for counts in tally.intervals.values())
        held = "-" if tally.held is None else f"{tally.held:.1%}"
        wrong = tally.wrong.total()
        lines.append(f"{server:<28}{tally.frames:>9,}{tally.figures:>10,}{wrong:>7,}{frames:>11,}{held:>8}")
    for server, tally in tallies.items():
        lines += ["", server, *details(tally)]
    return "\n".join(lines)


def details(tally: Tally) -> Iterator[str]:
    """Certainties, intervals, and examples of wrong values."""
    for what, certainties in sorted(tally.certainties.items()):
        yield f"  {what:<32} " + ", ".join(f"{name} {count:,}" for name, count in certainties.most_common())
    for what, (frames, held) in sorted(tally.intervals.items()):
        remark = "  TOO NARROW" if what in tally.too_narrow() else "  wide" if held > MOST_SHARE * frames else ""
        yield f"  interval of {what:<34} {held:>7,} of {frames:>7,} held{held / frames:>8.1%}{remark}"
        if what in tally.too_narrow():
            yield from (f"    {line}" for example in tally.missed[what] for line in example.splitlines())
    for what, (number, _) in sorted(tally.errors.items()):
        remark = "  BIASED" if what in tally.biased() else ""
        yield f"  mean error of {what:<36} {tally.bias(what):>+8.1%} in {number:>7,}{remark}"
    for what, count in tally.wrong.most_common():
        yield f"  WRONG {what}: {count:,} times"
        yield from (f"    {line}" for example in tally.examples[what] for line in example.splitlines())

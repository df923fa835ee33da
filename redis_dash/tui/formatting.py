"""Numbers as text: short, aligned to the right, and of steady width while they change."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable
from datetime import datetime
from functools import lru_cache
from typing import Literal

from redis_dash.core.certainty import Count
from redis_dash.tui.text import Plain

_UNKNOWN = Plain("–")
RECENT_S = 5.0
"""A count up to this age is ``just counted``."""
_NARROW = 0.01
"""A count whose bounds are closer than this share of it is shown without them."""
EVEN = 0.5
"""Bounds are about equally far if the distance of one is at least this share of the other's."""
_FEW = 1000
"""A count that is less for certain is shown with its bounds: they are no longer than a margin."""
_STAYS = 0.8
"""Near the border between two forms the one that was shown stays: the border is moved by this factor."""
_MOST_FORMS = 2000
_MANY = 1000
"""So many keys that may have come, and more than were counted, outdate a count."""
_BROAD = 0.25
"""Memory whose bounds are further away than this share of it is shown by its bounds."""
_MOST_DECIMALS = 6
_HUGE = 1e17
"""From here on a score is shown in its shortest form: neighbouring whole numbers are the same float."""

Form = Literal["plain", "margin", "range"]
"""How a count is written: ``1,012``, ``1.01 M ± 1 %``, ``27–41``."""


def count(value: int | None) -> Plain:
    """``12,403``; a dash if it is unknown."""
    return _UNKNOWN if value is None else Plain(f"{value:,}")


def compact(value: float) -> Plain:
    """At most six cells: ``9,999``, ``12.4 k``, ``1.20 M``."""
    if not math.isfinite(value):
        return _UNKNOWN
    if abs(value) < 10_000:
        return Plain(_or_less(value, 0))
    scaled = value
    for unit in ("k", "M", "G", "T"):
        scaled /= 1000
        if abs(scaled) < 999.5:
            return Plain(f"{_three_digits(scaled)} {unit}")
    return _powers(f"{value:.1e}")


def nbytes(value: float | None) -> Plain:
    """``512 B``, ``14.2 MB``; units of 1,024, as Redis counts them; a dash if it is unknown."""
    if value is None or not math.isfinite(value):
        return _UNKNOWN
    if abs(value) < 1024:
        return Plain(f"{value:.0f} B")
    for unit in ("kB", "MB", "GB"):
        value /= 1024
        if abs(value) < 999.5:
            return Plain(f"{_three_digits(value)} {unit}")
    return Plain(f"{_three_digits(value / 1024)} TB")


def _three_digits(value: float) -> str:
    if abs(value) < 9.995:
        return f"{value:.2f}"
    return f"{value:.1f}" if abs(value) < 99.95 else f"{value:.0f}"


def _or_less(value: float, decimals: int) -> str:
    """``0.3``; ``<0.1`` for a value above zero but below 0.1."""
    least = 10.0**-decimals
    return f"<{least:.{decimals}f}" if 0 < value < least else f"{value:,.{decimals}f}"


def score_decimals(values: Iterable[float]) -> int:
    """How many decimals a column needs: none if all values are whole, otherwise at least two.

    More if that writes them exactly. Where no number of decimals does, as after many additions of 0.1, as many as make
    different values look different.
    """
    # Sums of decimals, such as 0.1, end in tiny differences, which are not shown.
    broken = {round(value, _MOST_DECIMALS) for value in values if abs(value) < _HUGE}
    broken = {value for value in broken if not _vanishes(value, _MOST_DECIMALS)}
    if all(value == int(value) for value in broken):
        return 0
    for decimals in range(2, _MOST_DECIMALS + 1):
        if all(float(f"{value:.{decimals}f}") == value for value in broken):
            return decimals
    for decimals in range(2, _MOST_DECIMALS):
        shown = {f"{value:.{decimals}f}" for value in broken if not _vanishes(value, decimals)}
        if len(shown) == len(broken):  # different values stay different, and none looks like zero
            return decimals
    return _MOST_DECIMALS


def score(value: float, decimals: int | None = None) -> Plain:
    """``9,512``, ``12.50``, ``1.7e308``."""
    return score_forms(value, decimals)[0]


@lru_cache(maxsize=4096)
def score_forms(value: float, decimals: int | None = None) -> tuple[Plain, ...]:
    """All forms of a score, the longest first; a short form has fewer digits, but the whole exponent."""
    if not math.isfinite(value):
        return (Plain("nan" if math.isnan(value) else "inf" if value > 0 else "-inf"),)
    if decimals is None:
        decimals = score_decimals((value,))
    short = [_powers(f"{value:.{digits}e}") for digits in range(8, -1, -1)]
    if abs(value) >= _HUGE or _vanishes(value, decimals):
        full = [_powers(repr(value))]
    else:
        whole = [Plain(f"{value:,.0f}")] if value == int(value) else []
        full = [Plain(f"{value:,.{decimals}f}"), *whole, Plain(f"{value:.{decimals}f}")]
    return tuple(dict.fromkeys([*full, *(form for form in short if math.isfinite(float(form)))]))


def _vanishes(value: float, decimals: int) -> bool:
    return value != 0 and float(f"{value:.{decimals}f}") == 0


def _powers(text: str) -> Plain:
    """``1.2000e+09`` as ``1.2e9``."""
    mantissa, mark, exponent = text.partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    power = int(exponent) if mark else 0
    return Plain(f"{mantissa}e{power}" if power else mantissa)


def rate(per_second: float | None) -> Plain:
    """``<0.1/s``, ``0.3/s``, ``12.3/s``, ``1,240/s``; a dash if it is unknown."""
    if per_second is None or not math.isfinite(per_second):
        return _UNKNOWN
    return Plain(f"{_or_less(per_second, 1)}/s" if per_second < 99.95 else f"{compact(per_second)}/s")


def percent(share: float | None, digits: int = 1) -> Plain:
    """``93.4 %``, ``<0.1 %``; a dash if it is unknown. A share below 100 % is never rounded up to it."""
    if share is None or not math.isfinite(share):
        return _UNKNOWN
    text = _or_less(share * 100, digits)
    if share < 1 and text == f"{100:.{digits}f}":
        text = f"{100 - 10**-digits:.{digits}f}"
    return Plain(f"{text} %")


def duration(seconds: float | None) -> Plain:
    """``<1 s``, ``41 s``, ``3 min 04 s``, ``5 h 12 min``, ``3 d 4 h``."""
    if seconds is None or not math.isfinite(seconds):
        return _UNKNOWN
    whole = max(0, int(seconds))
    if whole < 60:
        return Plain("<1 s" if 0 < seconds < 1 else f"{whole} s")
    if whole < 3600:
        return Plain(f"{whole // 60} min {whole % 60:02} s")
    if whole < 86_400:
        return Plain(f"{whole // 3600} h {whole % 3600 // 60:02} min")
    return Plain(f"{whole // 86_400:,} d {whole % 86_400 // 3600} h")


def about(seconds: float) -> Plain:
    """``41 s``, ``8 min``, ``5 h``, ``3 d``: rounded, so that it changes rarely, but from two of a unit on only.

    A single one could be almost two: ``90 s`` and not ``1 min``.
    """
    whole = max(0, int(seconds)) if math.isfinite(seconds) else 0
    for length, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if whole >= 2 * length:
            return Plain(f"{whole // length:,} {unit}")
    return Plain(f"{whole} s")


def countdown(seconds: float | None) -> Plain:
    """``23:58:10``; with days in front if there are any; ``never`` if there is no expiry."""
    if seconds is None or not math.isfinite(seconds):
        return Plain("never")
    whole = max(0, int(seconds))
    days, clock = divmod(whole, 86_400)
    text = f"{clock // 3600:02}:{clock % 3600 // 60:02}:{clock % 60:02}"
    return Plain(f"{days} d {text}" if days else text)


def milliseconds(value: float | None) -> Plain:
    """``<0.1 ms``, ``0.3 ms``, ``12 ms``; a dash if it is unknown."""
    if value is None or not math.isfinite(value):
        return _UNKNOWN
    if 0 < value < 0.1:
        return Plain("<0.1 ms")
    return Plain(f"{value:.1f} ms" if value < 9.95 else f"{value:,.0f} ms")


def clock(at: float) -> Plain:
    """Local time of day with tenths: ``12:04:31.2``."""
    try:
        moment = datetime.fromtimestamp(at)
    except (OverflowError, OSError, ValueError):
        return Plain("--:--:--.-")
    return Plain(f"{moment:%H:%M:%S}.{moment.microsecond // 100_000}")


def moment(at: float | None) -> Plain:
    """Local date and time, to the second."""
    if at is None:
        return _UNKNOWN
    try:
        return Plain(f"{datetime.fromtimestamp(at):%Y-%m-%d %H:%M:%S}")
    except (OverflowError, OSError, ValueError):
        return _UNKNOWN


def tally(value: Count) -> Plain:
    """``128``; ``1.01 M ± 1 %`` if the bounds are about equally far, else ``27–41``; ``1,204+``."""
    return _written(value, _form(value, None))


class Tallies:
    """Counts as text, each in a form that does not go to and fro while its bounds change a little."""

    def __init__(self) -> None:
        self._forms: dict[Hashable, Form] = {}
        self._outdated: set[Hashable] = set()

    def __call__(self, value: Count, of: Hashable = "") -> Plain:
        """As ``tally``; ``of`` tells several counts apart."""
        if len(self._forms) > _MOST_FORMS:
            self.forget()
        form = self._forms[of] = _form(value, self._forms.get(of))
        return _written(value, form)

    def forget(self) -> None:
        """Forget all counts: others are shown from now on."""
        self._forms.clear()
        self._outdated.clear()

    def is_outdated(self, value: Count, of: Hashable = "") -> bool:
        """Whether what was counted says little about the present number: very many keys may have come since."""
        strictness = _STAYS if of in self._outdated else 1.0
        may_have_come = value.high - value.value if value.certainty == "counted" and value.high is not None else 0
        self._outdated.discard(of)
        if may_have_come > strictness * max(_MANY, value.value):
            self._outdated.add(of)
        return of in self._outdated


def _form(value: Count, before: Form | None) -> Form:
    """The form of a count, and the same as ``before`` near the border between two forms.

    A margin (``±``) says that the truth is as likely below as above. So it is used only if the nearer bound is at least
    half as far as the other one. It would say nothing for a few keys, or where it is as large as the value itself.
    """
    high = value.value if value.high is None else value.high
    if value.certainty in ("exact", "unknown", "at_least") or value.low == high:
        return "plain"
    up, down = high - value.value, value.value - value.low
    margin = max(up, down) / max(1, value.value)
    if value.certainty == "counted" and margin < _NARROW * _strictness("plain", before):
        return "plain"
    strictness = _strictness("margin", before)
    is_even = min(up, down) >= EVEN / strictness * max(up, down) or margin < _NARROW * strictness
    return "margin" if is_even and margin < strictness and high * strictness >= _FEW else "range"


def _strictness(form: Form, before: Form | None) -> float:
    """Less than 1 for a form that would replace another one."""
    return 1.0 if before in (form, None) else _STAYS


def _written(value: Count, form: Form) -> Plain:
    if value.certainty == "unknown":
        return _UNKNOWN
    if value.certainty == "at_least" or (value.high is None and value.low):
        return Plain(f"{count(value.low)}+")
    if value.high is None:
        return Plain(f"~{count(value.value)}")
    high = value.high
    if form == "plain":
        return count(value.value)
    if form == "range":
        return _range(value.low, high)
    margin = max(high - value.value, value.value - value.low) / max(1, value.value)
    return Plain(f"{compact(value.value)} ± {max(1, math.ceil(margin * 100))} %")


def _range(low: int, high: int) -> Plain:
    """``27–41``, ``12.4 k–13.1 k``, ``14–60,700``: rounded outwards, and ``14–60.7 k`` could be read as 14,000."""
    low, high = low - low % _last_digit(low), high + -high % _last_digit(high)
    most = count(high) if low < 1000 and high < 1_000_000 else compact(high)
    return Plain(f"{compact(low)}–{most}")


def _last_digit(value: int) -> int:
    """The worth of the last digit that ``compact`` shows."""
    return 1 if value < 10_000 else 10 ** (len(str(value)) - 3)


def memory_tally(value: Count) -> Plain:
    """``14.2 MB``; ``14.2 MB ± 4 %`` or ``1.20 MB – 3.10 MB`` if it is estimated; ``14.2 MB+`` if there may be more."""
    if value.certainty == "unknown":
        return _UNKNOWN
    if value.certainty == "at_least" or value.high is None:
        return Plain(f"{nbytes(value.value)}+")
    if value.low == value.high:
        return nbytes(value.value)
    margin = max(value.high - value.value, value.value - value.low) / max(1, value.value)
    if margin >= _BROAD:  # a percentage would suggest that both bounds are as far away
        return Plain(f"{nbytes(value.low)} – {nbytes(value.high)}")
    return Plain(f"{nbytes(value.value)} ± {max(1, math.ceil(margin * 100))} %")


def seen(value: Count, noun: str, written: Callable[[Count], Plain] = tally) -> Plain:
    """``128 sessions``; ``none seen yet, at most 400`` if none was seen, which does not mean that there is none."""
    if value.value == 0 and value.certainty in ("estimated", "unknown", "at_least"):
        most = "" if value.high is None else f", at most {compact(value.high + -value.high % _last_digit(value.high))}"
        yet = "" if value.certainty == "at_least" and value.coverage >= 1 else " yet"  # all that can be seen was
        return Plain(f"none seen{yet}{most}")
    shown = written(value)
    return Plain(f"{shown} {noun if shown == '1' else f'{noun}s'}")


def is_recent(value: Count, now: float) -> bool:
    """Whether the count is so recent that its age is not shown."""
    return now - value.at < RECENT_S


def others_watch(dashboards: int) -> Plain:
    """That the commands of other dashboards are in a figure, too."""
    return Plain("incl. another dashboard" if dashboards == 1 else f"incl. {dashboards} other dashboards")


def without_primary(lost_s: float) -> Plain:
    """That a replica receives nothing of its primary, so that its keys may be old."""
    lasting = f" for {duration(lost_s)}" if lost_s >= 1 else ""
    return Plain(f"replica without its primary{lasting}")

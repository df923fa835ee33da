"""INFO as it is read."""

from __future__ import annotations

from redis_dash.client.info import calls_of
from redis_dash.core.resp import ReplyError

STATS = b"""# Commandstats\r
cmdstat_get:calls=2,usec=4,usec_per_call=2.00,rejected_calls=0,failed_calls=0\r
cmdstat_client|no-touch:calls=1,usec=3,usec_per_call=3.00\r
cmdstat_module.do:calls=18446744073709551615,usec=7\r
cmdstat_broken:calls=,usec=7\r
errorstat_ERR:count=3\r
"""


def test_calls_and_times_of_commands() -> None:
    assert calls_of(STATS) == {b"GET": (2, 4), b"CLIENT|NO-TOUCH": (1, 3)}


def test_refused_statistics_tell_nothing() -> None:
    assert calls_of(ReplyError("NOPERM")) == {}

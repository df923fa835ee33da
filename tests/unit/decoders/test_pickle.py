"""Pickles, which are never loaded."""

from __future__ import annotations

import builtins
import collections
import datetime
import decimal
import os
import pickle
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from redis_dash.decoders import Decoded, Opaque, UndecodableError, decode, decode_pickle

PLAIN: dict[object, object] = {
    "_auth_user_id": "7",
    "n": [0, 1, 255, 256, 65_536, -1, -70_000, 2**31, 2**63, -(2**100)],
    "f": 1.5,
    "none": None,
    "bools": [True, False],
    "e": "é😀\n'\"\\",
    "long": "a" * 70_000,
    "empty": {},
    1: {"inner": [[]]},
    2.5: "x",
}
EVERY = range(pickle.HIGHEST_PROTOCOL + 1)


class Account:
    """An object with fields."""

    def __init__(self) -> None:
        self.name = "priya"
        self.roles = ["admin"]


class Slotted:
    """An object whose fields are in slots."""

    __slots__ = ("age",)

    def __init__(self) -> None:
        self.age = 4


class Harm:
    """Its pickle runs a command when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("protocol", EVERY)
def test_plain_data(protocol: int) -> None:
    data = pickle.dumps(PLAIN, protocol)
    assert decode_pickle(data) == PLAIN
    assert decode(data) == Decoded("pickle", PLAIN)


def test_other_containers() -> None:
    value = {
        "t": (1, 2, 3, 4),
        "t3": (1, 2, 3),
        "t2": (1, 2),
        "t1": (1,),
        "t0": (),
        "s": {1},
        "fs": frozenset({2}),
        "b": b"\xff",
        "ba": bytearray(b"x"),
    }
    assert decode_pickle(pickle.dumps(value, 5)) == {
        "t": [1, 2, 3, 4],
        "t3": [1, 2, 3],
        "t2": [1, 2],
        "t1": [1],
        "t0": [],
        "s": [1],
        "fs": [2],
        "b": b"\xff",
        "ba": b"x",
    }


def test_a_pickle_of_python_2() -> None:
    # The dict {'user': 'priya', 'n': 5L, 'raw': '\xff'} in protocol 0, where texts are written as in a program.
    data = b"(dp0\nS'user'\np1\nS'priya'\np2\nsS'n'\np3\nL5L\nsS'raw'\np4\nS'\\xff'\np5\ns."
    assert decode(data) == Decoded("pickle", {"user": "priya", "n": 5, "raw": b"\xff"})


@pytest.mark.parametrize("protocol", EVERY)
def test_objects_have_the_name_of_their_class_and_their_fields(protocol: int) -> None:
    name = f"{Account.__module__}.Account"
    assert decode_pickle(pickle.dumps(Account(), protocol)) == Opaque(name, {"name": "priya", "roles": ["admin"]})


def test_fields_in_slots() -> None:
    assert decode_pickle(pickle.dumps(Slotted(), 4)) == Opaque(f"{Slotted.__module__}.Slotted", {"age": 4})


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (datetime.datetime(2026, 1, 1), Opaque("datetime.datetime")),
        (decimal.Decimal("1.5"), Opaque("decimal.Decimal")),
        (collections.OrderedDict(a=1), Opaque("collections.OrderedDict", {"a": 1})),
        (collections.deque([1]), Opaque("collections.deque")),
        (len, Opaque(f"{builtins.__name__}.len")),
    ],
)
def test_objects_of_the_standard_library(value: object, shown: Opaque) -> None:
    assert decode_pickle(pickle.dumps(value, 4)) == shown


def test_keys_that_are_objects_or_tuples_stay_apart() -> None:
    value = {uuid.UUID(int=1): "a", uuid.UUID(int=2): "b", (1, "x"): "c", 2**70: "d"}
    expected = {Opaque("uuid.UUID"): "a", Opaque("uuid.UUID, key 2"): "b", "[1, 'x']": "c", str(2**70): "d"}
    assert decode_pickle(pickle.dumps(value, 4)) == expected


def test_the_mark_of_cachelib() -> None:
    assert decode(b"!" + pickle.dumps([1])) == Decoded("pickle", [1])


@pytest.mark.parametrize("protocol", EVERY)
def test_nothing_is_run(protocol: int, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    data = pickle.dumps({"a": Harm(ran), "b": 1}, protocol)
    assert decode(data, "pickle") == Decoded("pickle", {"a": Opaque(f"{os.system.__module__}.system"), "b": 1})
    assert not ran.exists()
    pickle.loads(data)  # noqa: S301 -- proves that the pickle does run something when it is loaded
    assert ran.exists()


@pytest.mark.parametrize(
    "data",
    [
        b"cos\nsystem\n(S'true'\ntR.",  # protocol 0
        b"(cos\nsystem\nS'true'\no.",  # OBJ: class and arguments since the mark
        b"(S'true'\nios\nsystem\n.",  # INST: the same, with the names in the operation
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",  # protocol 4
        b"\x80\x04cos\nsystem\n)\x81.",  # NEWOBJ
        b"\x80\x04cos\nsystem\n)}\x92.",  # NEWOBJ_EX
    ],
)
def test_each_way_to_call_something_gives_only_the_name(data: bytes) -> None:
    assert decode_pickle(data) == Opaque("os.system")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\x80\x02\x82\x05.", "extension 5"),
        (b"\x80\x02\x84\x05\x01\x00\x00.", "extension 261"),
        (b"Pid\n.", "persistent object"),
        (b"NQ.", "persistent object"),
        (b"\x80\x05\x97.", "buffer"),
    ],
)
def test_what_only_the_application_can_look_up_is_named(data: bytes, name: str) -> None:
    assert decode_pickle(data) == Opaque(name)


def test_no_module_is_imported() -> None:
    probe = (
        "import sys; from redis_dash.decoders import decode; decode(bytes.fromhex(sys.argv[1]));"
        "print(*({'antigravity', 'this', 'pickle'} & set(sys.modules)))"
    )
    data = b"\x80\x04cthis\ns\ncantigravity\nfly\n\x86."
    done = subprocess.run(
        [sys.executable, "-c", probe, data.hex()], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout.strip() == ""


def test_a_list_in_itself_is_cut() -> None:
    endless: list[object] = [1]
    endless.append(endless)
    assert decode_pickle(pickle.dumps(endless)) == [1, Opaque("recursive reference")]


def test_a_dict_and_an_object_in_themselves_are_cut() -> None:
    endless: dict[str, object] = {}
    endless["me"] = endless
    account = Account()
    account.name = account  # type: ignore[assignment]
    cut = Opaque("recursive reference")
    assert decode_pickle(pickle.dumps(endless)) == {"me": cut}
    assert decode_pickle(pickle.dumps(account)) == Opaque(
        f"{Account.__module__}.Account", {"name": cut, "roles": ["admin"]}
    )


def test_what_is_shared_is_shown_at_each_place() -> None:
    shared = ["x"]
    assert decode_pickle(pickle.dumps({"a": shared, "b": shared})) == {"a": ["x"], "b": ["x"]}


def test_shared_values_that_double_at_each_level_are_refused() -> None:
    value: list[object] = []
    for _ in range(18):
        value = [value, value]
    with pytest.raises(UndecodableError, match="pickle with more than 10,000 elements"):
        decode_pickle(pickle.dumps(value))


def test_a_long_text_that_is_repeated_is_refused() -> None:
    text = "a" * 100_000
    with pytest.raises(UndecodableError, match="pickle with more than 1,048,576 characters"):
        decode_pickle(pickle.dumps([text] * 20))


def test_limits() -> None:
    with pytest.raises(UndecodableError, match="pickle with more than 10,000 operations"):
        decode_pickle(pickle.dumps(list(range(20_000))))
    nested: list[object] = []
    for _ in range(25):
        nested = [nested]
    with pytest.raises(UndecodableError, match="pickle with more than 20 levels of nesting"):
        decode_pickle(pickle.dumps(nested))


def test_a_long_integer_is_not_worked_out() -> None:
    assert decode_pickle(pickle.dumps(1 << 80_000)) == Opaque("integer of 80,008 bits")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b".",
        b"\x80\x04N",
        b"\x80\x04N.N",
        b"\x80\x04h\x05.",
        b"\x80\x04u.",
        b"\x80\x04N(NNu.",
        b"\x80\x04](Ne.x",
        b"\x80\x04\xff.",
        b"\x80\x04}(Nu.",
        b"\x80\x04]Nb0.",
        b"S'a\n.",
        b"S'\\q'\n.",
        b"Ip\n.",
        b"Np99999999999999999999\n.",
        b"\x80\x04R.",
    ],
)
def test_what_is_no_pickle(data: bytes) -> None:
    with pytest.raises(UndecodableError, match="pickle"):
        decode_pickle(data)

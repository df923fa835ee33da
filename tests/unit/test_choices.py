"""What is chosen in the dashboard: it holds at once, is remembered for its server, and harms no file."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from redis_dash.config import Choices, ChosenLimit, Url, choices_for
from redis_dash.config.choices import place_of
from redis_dash.config.dashboard_file import HEAD, KindOfKeys, write
from redis_dash.core.choices import YES, Choose
from redis_dash.core.errors import ConfigError
from redis_dash.core.globs import decoded
from tests.tui.hostile import STRINGS

HERE, THERE = "redis://127.0.0.1:6379/0", "redis://staging.example.com:6379/0"


def tables(path: Path) -> list[dict[str, object]]:
    return list(tomllib.loads(path.read_text("utf-8"))["kinds"])


def test_what_is_chosen_holds_at_once_and_in_the_next_run(tmp_path: Path) -> None:
    path = tmp_path / "redis-dash" / "dashboard.toml"
    choices = Choices(HERE, path)
    assert choices.limit_of(b"rl:ann") is None
    assert choices.choose(Choose("rl:*", "limit", "100/60")).remembered == str(path)
    choices.choose(Choose("rl:*", "name", "API"))
    choices.choose(Choose("tmp:*", "ignored", YES))
    choices.choose(Choose("cart:*", "topic", "cache"))
    for known in (choices, Choices(HERE, path)):
        assert known.limit_of(b"rl:ann") == ChosenLimit(100, 60.0)
        assert known.of("rl:*") == KindOfKeys(HERE, "rl:*", limit="100/60", name="API")
        assert (known.ignored, known.of("cart:*").topic) == (("tmp:*",), "cache")


def test_the_format_of_chosen_sessions_is_kept_and_goes_with_their_pane(tmp_path: Path) -> None:
    path = tmp_path / "dashboard.toml"
    choices = Choices(HERE, path)
    choices.choose(Choose("sess:*", "topic", "sessions", "hash"))
    choices.choose(Choose("sess:*", "name", "Logins"))
    assert Choices(HERE, path).of("sess:*") == KindOfKeys(
        HERE, "sess:*", name="Logins", topic="sessions", format="hash"
    )
    choices.choose(Choose("sess:*", "topic", "cache"))
    assert Choices(HERE, path).of("sess:*") == KindOfKeys(HERE, "sess:*", name="Logins", topic="cache")


@pytest.mark.parametrize(("topic", "format_"), [("sessions", "jsn"), ("cache", "hash"), ("", "hash")])
def test_a_format_that_says_nothing_is_an_error_of_the_file(tmp_path: Path, topic: str, format_: str) -> None:
    path = tmp_path / "dashboard.toml"
    path.write_text(f'[[kinds]]\nserver = "{HERE}"\nkeys = "a:*"\ntopic = "{topic}"\nformat = "{format_}"\n')
    with pytest.raises(ConfigError, match=r'format is "hash" with topic = "sessions"'):
        Choices(HERE, path)


def test_a_choice_that_is_taken_back_leaves_nothing(tmp_path: Path) -> None:
    choices = Choices(HERE, tmp_path / "dashboard.toml")
    choices.choose(Choose("rl:*", "limit", "100"))
    version = choices.version
    choices.choose(Choose("rl:*", "limit", ""))
    assert (choices.kinds, choices.limit_of(b"rl:ann")) == ((), None)
    assert choices.version > version
    assert (tmp_path / "dashboard.toml").read_text() == f"{HEAD}\n"


def test_another_server_has_choices_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "dashboard.toml"
    Choices(HERE, path).choose(Choose("rl:*", "limit", "100/60"))
    there = Choices(THERE, path)
    assert there.limit_of(b"rl:ann") is None
    there.choose(Choose("rl:*", "limit", "5"))
    assert Choices(HERE, path).limit_of(b"rl:ann") == ChosenLimit(100, 60.0)
    assert Choices(THERE, path).limit_of(b"rl:ann") == ChosenLimit(5, None)


@pytest.mark.parametrize("is_saved", [True, False])
def test_each_database_has_its_own_and_none_is_lost_on_the_way(tmp_path: Path, is_saved: bool) -> None:
    choices = Choices(HERE, tmp_path / "dashboard.toml" if is_saved else None)
    choices.choose(Choose("rl:*", "limit", "100/60"))
    choices.go_to(other := HERE.removesuffix("0") + "1")
    assert (choices.kinds, choices.limit_of(b"rl:ann")) == ((), None)
    choices.choose(Choose("rl:*", "limit", "5"))
    assert choices.of("rl:*") == KindOfKeys(other, "rl:*", limit="5")
    choices.go_to(HERE)
    assert choices.limit_of(b"rl:ann") == ChosenLimit(100, 60.0)


def test_what_another_dashboard_has_written_meanwhile_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "dashboard.toml"
    first, second = Choices(HERE, path), Choices(HERE, path)
    first.choose(Choose("rl:*", "limit", "100"))
    second.choose(Choose("cart:*", "name", "Carts"))
    assert {one["keys"] for one in tables(path)} == {"rl:*", "cart:*"}
    assert second.limit_of(b"rl:ann") is not None


def test_of_several_patterns_the_one_that_says_most_wins() -> None:
    choices = Choices(HERE)
    for keys, limit in (("*", "1"), ("rl:login:*", "5/60"), ("rl:*", "100")):
        choices.choose(Choose(keys, "limit", limit))
    assert choices.limit_of(b"rl:login:ann") == ChosenLimit(5, 60.0)
    assert choices.limit_pattern(b"rl:login:ann") == "rl:login:*"
    assert choices.limit_of(b"rl:ann") == ChosenLimit(100, None)
    assert choices.limit_of(b"other") == ChosenLimit(1, None)


@pytest.mark.parametrize("wrong", ["many", "0", "-1", "1.5", "0/60", "5/0", "5/nan", "1" * 30, "٣"])
def test_a_wrong_limit_changes_nothing(wrong: str, tmp_path: Path) -> None:
    choices = Choices(HERE, tmp_path / "dashboard.toml")
    with pytest.raises(ConfigError):
        choices.choose(Choose("rl:*", "limit", wrong))
    assert (choices.kinds, list(tmp_path.iterdir())) == ((), [])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kinds = [", "not valid TOML"),
        ('[[kinds]]\nserver = "x"\n', "`keys` is missing"),
        ('[[kinds]]\nserver = "x"\nkeys = "a"\nlimit = "many"\n', "REQUESTS/SECONDS"),
        ('[[kinds]]\nserver = "x"\nkeys = "a"\ntopic = "events"\n', "topic is one of"),
        ('[[kinds]]\nserver = "x"\nkeys = ""\n', "keys is empty"),
        ("url = 1\n", "unknown setting"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_left_as_it_is(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "dashboard.toml"
    choices = Choices(HERE, path)
    path.write_text(text)
    with pytest.raises(ConfigError, match=said) as error:
        Choices(HERE, path)
    assert str(path) in str(error.value)
    chosen = choices.choose(Choose("rl:*", "limit", "100"))
    assert said in chosen.trouble
    assert not chosen.remembered
    assert path.read_text() == text
    assert choices.limit_of(b"rl:ann") == ChosenLimit(100, None), "it holds until the program ends"


def test_a_file_that_cannot_be_written_is_told_and_the_choice_holds(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file where the folder would be")
    choices = Choices(HERE, tmp_path / "folder" / "dashboard.toml")
    chosen = choices.choose(Choose("rl:*", "limit", "100"))
    assert "folder" in chosen.trouble
    assert choices.limit_of(b"rl:ann") == ChosenLimit(100, None)
    assert choices.choose(Choose("cart:*", "name", "Carts")).trouble
    assert len(choices.kinds) == 2, "the one before is not forgotten"
    (tmp_path / "folder").unlink()
    assert choices.choose(Choose("rl:*", "limit", "")).remembered, "and what could not be saved is saved now"
    assert [one["keys"] for one in tables(tmp_path / "folder" / "dashboard.toml")] == ["cart:*"]


def test_a_link_stays_a_link_and_no_other_file_is_left(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "dashboard.toml"
    link.symlink_to(tmp_path / "real" / "mine.toml")
    Choices(HERE, link).choose(Choose("rl:*", "limit", "100"))
    assert link.is_symlink()
    assert [path.name for path in (tmp_path / "real").iterdir()] == ["mine.toml"]


@pytest.mark.parametrize("number", range(len(STRINGS)))
def test_hostile_patterns_come_back_as_they_were(number: int, tmp_path: Path) -> None:
    keys = decoded(STRINGS[number][:2000].encode("utf-8", "surrogatepass")) + "*"
    choices = Choices(HERE, tmp_path / "dashboard.toml")
    choices.choose(Choose(keys, "name", "mine"))
    assert Choices(HERE, tmp_path / "dashboard.toml").of(keys).name == "mine"


def test_the_file_is_beside_config_toml_and_the_server_without_the_user(tmp_path: Path) -> None:
    choices = choices_for("redis://ann:secret@127.0.0.1/", tmp_path / "prod.toml")
    assert choices.choose(Choose("rl:*", "limit", "100")).remembered == str(tmp_path / "dashboard.toml")
    assert tables(tmp_path / "dashboard.toml")[0]["server"] == HERE
    assert "secret" not in (tmp_path / "dashboard.toml").read_text()
    assert place_of(Url("unix:///run/redis.sock?db=4")) == "unix:///run/redis.sock?db=4"


def test_a_file_that_was_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "dashboard.toml"
    kinds = (KindOfKeys(HERE, 'a"b\\*', "1/0.5", "n", "cache", True), KindOfKeys(THERE, "[ab]?"))
    write(path, kinds)
    assert [one["keys"] for one in tables(path)] == ['a"b\\*', "[ab]?"]
    assert Choices(HERE, path).kinds == kinds[:1]

"""What our user may do: of each need whether it is granted, and the line that grants what is missing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from redis_dash.client.node import Node
from redis_dash.core.rights import UnreadKinds, remedy, shown_command
from redis_dash.diagnosis.listening import listen
from redis_dash.diagnosis.needs import Need, Needs, OtherWay, Way
from redis_dash.diagnosis.questions import LISTENING, READERS, WRITES, absent_key, question, takes_key
from redis_dash.diagnosis.verdicts import How, Question, Verdict, ask
from redis_dash.pubsub.refused_channels import is_glob

State = Literal["full", "reduced", "off", "not known"]


Targets = Mapping[str, bool | None]
"""Whether patterns of keys or channels are allowed; None if that is not known."""
TRIED = 5
"""Keys of one pattern that are read where asking is not possible without reading."""
NOTHING_READ = "usage cannot be read"
NAMED = 5
"""Names of commands, patterns or channels that are told; the line has all."""
_TRIED_BY_LISTENING = ("subscribe", "psubscribe")


class Right(msgspec.Struct, frozen=True):
    """What our user may do of one topic, or of one other thing."""

    name: str
    state: State
    reasons: tuple[str, ...] = ()
    """What is missing, and what that means."""
    brief: tuple[str, ...] = ()
    """The same, for a topic that is off without what does not matter before it is there."""
    rules: tuple[str, ...] = ()
    """The ACL rules that are enough for all of it."""
    unknown: tuple[str, ...] = ()
    """Commands that the server does not know: no right helps."""
    not_told: tuple[str, ...] = ()
    """What the server does not say; the rules grant it, too, if anything else is missing."""

    def line(self, user: str) -> str:
        """The command that grants what is missing; empty if nothing is, or no right helps."""
        return remedy(user, self.rules)

    def with_unseen(self, things: str) -> Right:
        """The same, where it is not known which kinds of keys there are; ``things`` are what the topic shows."""
        return msgspec.structs.replace(
            self, not_told=(*self.not_told, f"which other keys are {things} (see kinds of keys)")
        )

    def with_unread(self, found: UnreadKinds, things: str, commands: Sequence[str]) -> Right:
        """The same, where kinds of keys may not be read that may be of this topic.

        Args:
            things: what the topic shows.
            commands: the rules for commands that it would need for them.
        """
        kinds = "1 kind" if found.kinds == 1 else f"{found.kinds:,} kinds"
        text = f"{found.keys} in {kinds} may not be read: some may be {things}"
        unsure = tuple(f"+{name.lower().replace(' ', '|')}" for name in found.unsure)
        certain = {*self.rules, *found.rules}
        perhaps = dict.fromkeys(rule.removeprefix("+") for rule in (*commands, *unsure) if rule not in certain)
        if perhaps:
            text = f"{text}; perhaps not all of {', '.join(map(shown_command, perhaps))} are needed"
        return msgspec.structs.replace(
            self,
            state="reduced" if self.state == "full" else self.state,
            reasons=(*self.reasons, text),
            brief=(*self.brief, text),
            rules=tuple(dict.fromkeys((*self.rules, *commands, *found.rules, *unsure))),
        )

    def with_part(self, partial: str, rules: Sequence[str]) -> Right:
        """The same, where only a part of a cluster is seen.

        Args:
            partial: which part, and why.
            rules: the ACL rules that would let all of it be seen.
        """
        return msgspec.structs.replace(
            self,
            state="reduced" if self.state == "full" else self.state,
            reasons=(*self.reasons, partial),
            brief=(*self.brief, partial.partition("; ")[0]),
            rules=tuple(dict.fromkeys((*self.rules, *rules))),
        )


class Answers:
    """Asks about needs, those on the same keys by the same names."""

    def __init__(
        self,
        node: Node,
        database: int,
        shown: Callable[[str], str],
        known: Callable[[str], Sequence[bytes]] = lambda glob: (),
        *,
        read_rules: bool,
    ) -> None:
        """Ask nothing yet.

        Args:
            shown: returns a pattern as it may be shown; a rule for one that may not be shown is about all keys.
            known: returns some keys that a pattern matches, of each kind one: our user may be allowed to read these,
                and not all that the pattern matches.
            read_rules: whether an ACL can allow to read keys without writing them (``%R~``).
        """
        self.how: How = "tried"
        self._node, self._database, self._shown, self._read_rules = node, database, shown, read_rules
        self._known = known
        self._keys: dict[str, Sequence[bytes]] = {}
        self._absent: dict[str, bytes] = {}
        self._verdicts: dict[Question, Verdict] = {}

    async def ask(self, all_needs: Iterable[Needs]) -> None:
        """Ask the server about these needs; then about keys of which nothing is known because of missing commands.

        Raises:
            SourceError: the server could not be reached.
        """
        await self._ask([Question("ping", question("ping"))])  # shows how they are asked
        every = [one for needs in all_needs for one in (needs, needs.other_way and needs.other_way.needs) if one]
        await self._ask([one for needs in every for one in self._all_questions(needs)])
        unclear = [glob for needs in every for glob in needs.reads if self._may_read(needs, glob) is None]
        if not self._read_rules:
            unclear += [glob for needs in every for glob in needs.writes]
        await self._ask([one for glob in dict.fromkeys(unclear) for name in READERS for one in self._on(name, glob)])

    async def _ask(self, questions: Sequence[Question]) -> None:
        new = [one for one in questions if one not in self._verdicts]
        if new:
            self.how, answers = await ask(self._node, new)
            untold = [one for one in new if one.name in _TRIED_BY_LISTENING and answers[one] == "not told"]
            self._verdicts |= answers | (await listen(self._node, untold) if untold else {})

    def of(self, needs: Needs) -> Right:
        """What of these needs is granted."""
        if needs.other_way is not None and self._goes(needs.other_way):
            kept = tuple(need for need in needs.commands if need.command not in needs.other_way.replaces)
            return self.of(needs._replace(commands=kept, other_way=None))
        verdicts = {need: self._of_need(needs, need) for need in needs.commands}
        refused = _needs_with("command", verdicts, needs.ways)
        unknown = _needs_with("unknown command", verdicts, needs.ways)
        untold = [need for need, found in verdicts.items() if found == {"not told"}]
        reads = {glob: self._may_read(needs, glob) for glob in needs.reads}
        writes = {glob: self._may_write(needs, glob) for glob in needs.writes}
        channels = {name: self._may_listen(one) for name, one in _of_channels(needs).items()}
        targets = (("read", reads), ("write", writes), ("listen to", channels))
        locked = [f"not allowed to {doing} {named}" for doing, may in targets if (named := self._named(may, False))]
        not_told = [f"whether {_commands(untold)} may be run"] if untold else []
        not_told += [f"whether we may {doing} {named}" for doing, may in targets if (named := self._named(may, None))]
        reasons = (*_reasons("not allowed to run", refused), *_reasons("the server does not know", unknown), *locked)
        is_reduced = bool(locked) or any(not need.slight for need in (*refused, *unknown))
        is_off = any(need.vital for need in (*refused, *unknown)) or set(channels.values()) == {False}
        return Right(
            needs.name,
            "off" if is_off else "reduced" if is_reduced else "not known" if not_told else "full",
            reasons,
            (*_brief(refused, unknown), *locked) if is_off else reasons,
            self._rules(needs, [*refused, *untold], reads, writes, channels),
            tuple(shown_command(need.command) for need in unknown),
            tuple(not_told),
        )

    def _goes(self, other: OtherWay) -> bool:
        may_listen = not other.any_channel or any(self._may_listen(_to(name)) for name in other.any_channel)
        return may_listen and self.of(other.needs).state == "full"

    # -- the questions -----------------------------------------------------------------------------------------------

    def _all_questions(self, needs: Needs) -> list[Question]:
        of_channels = _ANY_CHANNEL if _of_channels(needs) else []
        others = [need._replace(command=need.instead) for need in needs.commands if need.instead]
        return [*of_channels, *(one for need in (*needs.commands, *others) for one in self._questions(needs, need))]

    def _questions(self, needs: Needs, need: Need) -> list[Question]:
        """The questions about one command: on each pattern of keys, if it takes a key."""
        globs = needs.reads + needs.writes
        if takes_key(need.command) and globs:
            return [one for glob in dict.fromkeys(globs) for one in self._on(need.command, glob)]
        if need.command in LISTENING:
            return [one for one in _of_channels(needs).values() if one.name == need.command]
        return [Question(need.command, question(need.command, absent_key("*"), database=self._database))]

    def _on(self, name: str, glob: str) -> list[Question]:
        """The questions about a command on keys of a pattern; on the name of no key if it is a write."""
        if glob not in self._keys:
            self._keys[glob], self._absent[glob] = self._known(glob), absent_key(glob)
        known = self._keys[glob][: TRIED if self.how == "tried" else None]
        keys = known if known and name not in WRITES else [self._absent[glob]]
        return [Question(name, question(name, key)) for key in keys]

    def _verdicts_on(self, names: Iterable[str], glob: str) -> dict[str, set[Verdict]]:
        return {name: {self._verdicts.get(one, "not told") for one in self._on(name, glob)} for name in names}

    def _of_need(self, needs: Needs, need: Need) -> set[Verdict]:
        """The answers about a command, or about the one that does for it."""
        found = self._of_command(needs, need)
        other = self._of_command(needs, need._replace(command=need.instead)) if need.instead else found
        missing: set[Verdict] = {"command", "unknown command"}
        return other if found & missing and not other & {*missing, "not told"} else found

    def _of_command(self, needs: Needs, need: Need) -> set[Verdict]:
        return {self._verdicts.get(one, "not told") for one in self._questions(needs, need)}

    def _may_read(self, needs: Needs, glob: str) -> bool | None:
        """Whether our user may read keys of a pattern; None if no command tells."""
        names = [need.command for need in needs.commands if takes_key(need.command)]
        verdicts = self._verdicts_on((*names, *READERS), glob)
        if any("keys" in found for found in verdicts.values()):
            return False
        return True if any(verdicts[name] == {"allowed"} for name in READERS) or _only_names(verdicts) else None

    def _may_write(self, needs: Needs, glob: str) -> bool | None:
        if not self._read_rules:  # there who may read a key may write it
            return self._may_read(needs, glob)
        names = [need.command for need in needs.commands if need.command in WRITES or need.command == "watch"]
        verdicts = set().union(*self._verdicts_on(names, glob).values())
        return False if "keys" in verdicts else True if "allowed" in verdicts else None

    def _may_listen(self, channel: Question) -> bool | None:
        """Whether our user may; if the command is refused, a channel of a random name shows whether all are allowed."""
        verdict = self._verdicts.get(channel, "not told")
        others = [self._verdicts.get(one, "not told") for one in _ANY_CHANNEL]
        if verdict == "allowed" or "allowed" in others:
            return True
        return False if verdict == "channels" or "channels" in others else None

    # -- the words ---------------------------------------------------------------------------------------------------

    def _named(self, found: Targets, wanted: bool | None) -> str:
        """Those patterns or channels of which this is found; empty if there are none."""
        return _listed([self._shown(name) for name, may in found.items() if may is wanted])

    def _rules(
        self, needs: Needs, missing: Sequence[Need], reads: Targets, writes: Targets, channels: Targets
    ) -> tuple[str, ...]:
        """The rules that grant what is missing.

        Where it is not known whether keys or channels are allowed, a rule for them may be an error: the server accepts
        none beside ``~*``. There a selector grants them, of which it does not matter what is granted already (Redis 7.0
        and later); without selectors such rules are left out.
        """
        prefix = "%R~" if self._read_rules else "~"
        targets = {f"{prefix}{self._glob(glob)}": may for glob, may in reads.items()}
        targets |= {f"~{self._glob(glob)}": may for glob, may in writes.items()}
        targets |= {f"&{name}": may for name, may in channels.items()}
        unclear = [rule for rule, may in targets.items() if may is None] if self._read_rules else []
        about = [need.command for need in needs.commands if takes_key(need.command) or need.command in LISTENING]
        in_selector = set(about) if unclear and None in targets.values() and len(unclear) == len(targets) else set()
        commands = [f"+{need.command}" for need in missing if need.command not in in_selector]
        selector = " ".join([*(f"+{name}" for name in about), *unclear])
        known = [rule for rule, may in targets.items() if may is False]
        return tuple(dict.fromkeys([*commands, *known, *([f"({selector})"] if unclear else [])]))

    def _glob(self, glob: str) -> str:
        """A pattern in a rule: all keys, if it may not be shown."""
        return glob if self._shown(glob) == glob else "*"


def _to(channel: str) -> Question:
    """The question about a channel: a pattern must be allowed as it is, a channel may be allowed by a pattern."""
    name = "psubscribe" if is_glob(channel) else "subscribe"
    return Question(name, question(name, channels=[channel]))


def _of_channels(needs: Needs) -> dict[str, Question]:
    """The question about each channel; those of SPUBLISH have a command of their own."""
    shards = {name: Question("ssubscribe", question("ssubscribe", channels=[name])) for name in needs.shard_channels}
    return {name: _to(name) for name in needs.channels} | shards


_ANY_CHANNEL = [Question(name, question(name, channels=[absent_key("*").decode()])) for name in _TRIED_BY_LISTENING]
"""On a channel that nobody has named: whether all are allowed."""


def _only_names(verdicts: Mapping[str, set[Verdict]]) -> bool:
    """Whether all that is needed is allowed, and nothing of it reads values."""
    needed = [found for name, found in verdicts.items() if name not in READERS]
    return bool(needed) and all(found == {"allowed"} for found in needed)


def _needs_with(verdict: Verdict, verdicts: Mapping[Need, set[Verdict]], ways: Collection[Way]) -> list[Need]:
    """The needs with this verdict. Those of all ways to read are vital if no way is left."""
    missing = {need.command for need, found in verdicts.items() if found & {"command", "unknown command"}}
    found = [need for need, of in verdicts.items() if verdict in of]
    if not ways or not all(way & missing for way in ways):
        return found
    needed = frozenset().union(*ways)
    return [need._replace(vital=True, without=NOTHING_READ) if need.command in needed else need for need in found]


def _listed(names: Sequence[str]) -> str:
    """``a, b, c and 4 more``."""
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def _commands(needs: Iterable[Need]) -> str:
    return _listed([shown_command(need.command) for need in needs])


def _reasons(what: str, needs: Sequence[Need]) -> list[str]:
    """``not allowed to run DBSIZE, INFO: counts are less certain``; what is vital comes first."""
    by_meaning: dict[str, list[Need]] = {}
    for need in sorted(needs, key=lambda need: not need.vital):
        by_meaning.setdefault(need.without, []).append(need)
    return [f"{what} {_commands(of)}: {without}" for without, of in by_meaning.items()]


def _brief(refused: Sequence[Need], unknown: Sequence[Need]) -> list[str]:
    """Why there is nothing; of the other commands only the names."""
    vital = [_reasons("not allowed to run", [need for need in refused if need.vital])]
    vital += [_reasons("the server does not know", [need for need in unknown if need.vital])]
    others = [need for need in refused if not need.vital]
    return [*vital[0], *vital[1], *([f"nor to run {_commands(others)}"] if others else [])]

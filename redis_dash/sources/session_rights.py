"""Which writes our user may do on sessions, asked before anybody wants one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from redis_dash.actions.write_rights import CompanionRights, WriteRights, companion_rights, unwritable, write_rights
from redis_dash.client.node import Node
from redis_dash.core.errors import MissingRightError
from redis_dash.core.patterns import Pattern
from redis_dash.core.rights import remedy
from redis_dash.dialects.session_dialects import SessionDialects
from redis_dash.sources.base import Context
from redis_dash.sources.session_facts import UNREAD, KnownSession

READ_ONLY = "this server is a read-only replica"
ROLE_AGE_S = 2.0
"""How old what is known of the server's role may be."""


class SessionRights:
    """Asks once per connection, since refusals are entries in the server's ACL LOG; again if a right is missing."""

    def __init__(self, context: Context, dialects: SessionDialects) -> None:
        self._context = context
        self._dialects = dialects
        self.session = WriteRights()
        """Those on one of the sessions."""
        self.companions = CompanionRights()
        """Those on its companions."""
        self._locked: list[str] = []
        """The patterns of sessions that may not be written."""
        self.is_read_only = False
        """Whether the server is a replica that takes no writes of clients."""
        self._asked = 0
        """The number of the connection on which they were asked for."""

    async def ask(self, sessions: Mapping[bytes, KnownSession]) -> None:
        """Ask about one of these sessions, if that is due: one with companions, if there is one.

        Raises:
            SourceError: the server could not be reached.
        """
        deployment = self._context.deployment
        self.is_read_only = await self._is_read_only_replica()
        if self._asked == deployment.connects and self.session.undo is not False:
            return
        known_facts = [key for key, known in sessions.items() if known.facts not in (None, UNREAD)]
        readable = list(filter(deployment.is_reached, known_facts))
        if not readable:
            return
        key = next((key for key in readable if (facts := sessions[key].facts) and facts.companions), readable[0])
        self._asked = deployment.connects
        node = deployment.node_of(key)
        self.session = await write_rights(node, key)
        self._locked = await self._ask_patterns(readable) if "~" in self.session.rules else []
        self.companions = await companion_rights(node, key, await self._dialects.companions(key, node.pipeline))

    async def _ask_patterns(self, sessions: Sequence[bytes]) -> list[str]:
        """The patterns of which a session may not be written: one of each is asked about."""
        examples: dict[bytes, str] = {}
        for glob in self._context.config.session_globs:
            pattern = Pattern(glob)
            key = next((key for key in sessions if key not in examples and pattern.variable(key) is not None), None)
            if key is not None:
                examples[key] = glob
        keys: dict[Node, list[bytes]] = {}
        for key in examples:
            keys.setdefault(self._context.deployment.node_of(key), []).append(key)
        locked = [key for node, own in keys.items() for key in await unwritable(node, own)]
        return [examples[key] for key in locked]

    async def _is_read_only_replica(self) -> bool:
        """Whether the URL leads to one: in a cluster and with sentinels, primaries are written to."""
        deployment = self._context.deployment
        if deployment.primary is not None or len(deployment.nodes) != 1:
            return False
        try:
            values = (await deployment.info(max_age_s=ROLE_AGE_S)).values
        except MissingRightError:
            return False
        return values.get("role") == "slave" and values.get("slave_read_only") == "1"

    @property
    def no_delete(self) -> str:
        """Why a revocation is likely to be refused; empty if nothing is known."""
        return READ_ONLY if self.is_read_only else self.session.no_delete

    @property
    def delete_remedy(self) -> str:
        """What would grant the right to revoke a session, if it is missing."""
        if self.is_read_only:
            return ""
        keys = [f"~{self._context.shown_glob(glob)}" for glob in self._locked]
        rules = [part for rule in self.session.rules for part in (keys if rule == "~" else [rule])]
        return remedy(self._context.deployment.url.user, rules)

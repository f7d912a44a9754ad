"""The documents that teams ask by their hash: forgotten at any time, which costs whoever asks one more request.

They belong to a team: no team can find out what another asks, or push it out.
"""

import hashlib
from collections import OrderedDict
from uuid import UUID

from app.redis.circuit_breaker import CircuitBreaker

_MOST_OF_A_TEAM = 128 * 1024
_MOST_TEAMS = 64
_SLOTS = 512
"""How many documents of a team Redis holds: each hash has one place, which the newest takes, so nothing has to be counted."""

_KEPT_SECONDS = 7 * 24 * 3600


class PersistedDocuments:
    """The documents that the teams use, in this process' memory and, where there is one, in Redis for all processes."""

    def __init__(self, breaker: CircuitBreaker) -> None:
        self._breaker = breaker
        self._teams: OrderedDict[UUID, _Shelf] = OrderedDict()

    async def find(self, team_id: UUID, digest: str) -> str | None:
        """Return the document; None where it is not known (any more)."""
        shelf = self._shelf(team_id)
        text = shelf.find(digest)
        if text is None:
            text = await self._find_shared(team_id, digest)
            if text is not None:
                shelf.put(digest, text)
        return text

    async def keep(self, team_id: UUID, digest: str, text: str) -> None:
        """Keep a document that is valid and within the limits."""
        shelf = self._shelf(team_id)
        if shelf.find(digest) is None:
            shelf.put(digest, text)
            await self._breaker.ask(lambda redis: redis.set(self._key(team_id, digest), text, ex=_KEPT_SECONDS))

    def _shelf(self, team_id: UUID) -> "_Shelf":
        shelf = self._teams.setdefault(team_id, _Shelf())
        self._teams.move_to_end(team_id)
        if len(self._teams) > _MOST_TEAMS:
            self._teams.popitem(last=False)
        return shelf

    async def _find_shared(self, team_id: UUID, digest: str) -> str | None:
        found = await self._breaker.ask(lambda redis: redis.get(self._key(team_id, digest)))
        # Another may have taken the place, and whoever else has a hand in that Redis may have put anything there.
        if not isinstance(found, bytes) or hashlib.sha256(found).hexdigest() != digest:
            return None
        return found.decode("utf-8", "surrogatepass")

    def _key(self, team_id: UUID, digest: str) -> str:
        return f"{self._breaker.prefix}:documents:{team_id.hex}:{int(digest[:8], 16) % _SLOTS}"


class _Shelf:
    """One team's documents by hash, those that were asked for last."""

    def __init__(self) -> None:
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._length = 0

    def find(self, digest: str) -> str | None:
        text = self._texts.get(digest)
        if text is not None:
            self._texts.move_to_end(digest)
        return text

    def put(self, digest: str, text: str) -> None:
        if digest not in self._texts:
            self._texts[digest] = text
            self._length += len(text)
        while self._length > _MOST_OF_A_TEAM:
            _, oldest = self._texts.popitem(last=False)
            self._length -= len(oldest)

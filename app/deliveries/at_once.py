"""What this process makes and hands over itself: leased by the change that makes it, so that nobody has to look for it."""

from collections.abc import Callable, Sequence
from functools import partial
from uuid import UUID

from app.deliveries.leases import Candidate, Lease, lease_new
from app.deliveries.models import Delivery
from app.log.events import Change
from app.storage.slots import Room


class AtOnce:
    """The way from what makes deliveries to this process's own worker.

    It is open while that worker works and the last look has found nothing that waits for a slot: what is made never goes before
    what was due. Where it is closed, what is made is left to whoever looks for what is due. `is_asked`: this process makes
    some, so that who looks here finds nothing most often.
    """

    def __init__(self) -> None:
        self.is_asked = False
        self._owner: UUID | None = None
        self._room: Callable[[], Room] | None = None
        self._begin: Callable[[Lease], None] | None = None
        self._change: Change | None = None
        self._left: Room | None = None

    @property
    def is_open(self) -> bool:
        return self._room is not None

    def open(self, *, owner: UUID, room: Callable[[], Room], begin: Callable[[Lease], None]) -> None:
        """Let what is made go this way, leased to the owner.

        `begin` has the slot taken, or the lease put back where there is none by then.
        """
        self._owner, self._room, self._begin = owner, room, begin

    def close(self) -> None:
        self._owner = self._room = self._begin = self._change = self._left = None

    async def take(self, made: Sequence[Candidate[Delivery]], *, change: Change) -> None:
        """Lease what can be handed over now of what the change makes, and begin with it once that is committed.

        A process that dies in between leaves the lease to run out, as one does that dies at its work.
        """
        self.is_asked = True
        if self._owner is None or self._room is None or self._begin is None or not made:
            return
        begin, room = self._begin, self._room_in(change, self._room)
        leases = await lease_new(made, owner=self._owner, now=change.now, room=room)
        if len(leases) < len(made):
            self.close()  # until it has been looked for
        for lease in leases:
            room.take(lease.claimant)
            change.afterwards(partial(begin, lease))

    def _room_in(self, change: Change, room: Callable[[], Room]) -> Room:
        """Return what is left to a change, of which several runs may be: what one has leased takes its slot behind the commit."""
        if self._left is None or self._change is not change:
            self._change, self._left = change, room()
        return self._left

"""All inputs by all ways in, and which of them a run affords."""

from collections.abc import Sequence

from tests.abuse.law.answers import ANSWERS
from tests.abuse.law.bodies import BODIES
from tests.abuse.law.documents import DOCUMENTS, VARIABLES
from tests.abuse.law.forms import FORMS, HOOKS
from tests.abuse.law.heads import HEADS
from tests.abuse.law.inputs import Input
from tests.abuse.law.opaque import OPAQUE
from tests.abuse.law.sockets import SOCKETS
from tests.databases import POSTGRES_URL
from tests.journeys.soaking import IS_SOAK

SENT: Sequence[Input] = [*HEADS, *BODIES, *DOCUMENTS, *VARIABLES, *SOCKETS, *FORMS, *HOOKS, *ANSWERS, *OPAQUE]

Case = tuple[Input, bool]
"""An input, and whether who sends it is signed in."""


def afforded(*, one_of: int) -> list[Case]:
    """Return what is sent: everything by everybody in a soak, else `one_of` so many inputs, each by one of its senders in turn.

    The database changes little here: on PostgreSQL a run that is no soak takes a sixth of that.
    """
    if IS_SOAK:
        return [(one, signed_in) for one in SENT for signed_in in one.signed_in]
    every = one_of * (6 if POSTGRES_URL else 1)
    cases = [(one, one.signed_in[number % len(one.signed_in)]) for number, one in enumerate(SENT)]
    return cases[every // 2 :: every]


def name_of(case: Case) -> str:
    one, signed_in = case
    return f"{one.way}: {one.name}, {'signed in' if signed_in else 'before'}"

"""How long what is old is kept, by the name of the job that removes it."""

from collections.abc import Mapping, Sequence

from app.deliveries.activity.retention import OLD_TELLINGS
from app.deliveries.retention import OLD_RUNS
from app.integrations.retention import GIVEN_BACK
from app.log.horizon import OLD_EVENTS
from app.log.retention import Retention
from app.sign_ins.retention import ENDED_SIGN_INS

RETENTION: Mapping[str, Sequence[Retention]] = {
    "remove old runs": OLD_RUNS,
    "remove old activity deliveries": (OLD_TELLINGS,),
    "remove ended sign-ins": (ENDED_SIGN_INS,),
    "remove grants given back": (GIVEN_BACK,),
    "remove old events": (OLD_EVENTS,),
}

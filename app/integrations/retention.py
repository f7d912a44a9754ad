"""Grants that were given back long ago and are shown nowhere any more go."""

from tortoise.expressions import RawSQL

from app.log.retention import Retention
from app.sign_ins.models import Grant, GrantState
from app.sign_ins.retention import KEPT_FOR

_USES = RawSQL("""(CASE
    WHEN EXISTS (SELECT 1 FROM "authorization" AS "sign_in" WHERE "sign_in"."grant_id" = "grant"."id") THEN 1
    WHEN EXISTS (SELECT 1 FROM "installed_app" AS "app" WHERE "app"."grant_id" = "grant"."id") THEN 1
    WHEN EXISTS (SELECT 1 FROM "integration" AS "user" WHERE "user"."grant_id" = "grant"."id") THEN 1
    ELSE 0
END)""")


GIVEN_BACK = Retention(
    KEPT_FOR, ("revoking_since",), lambda _: Grant.filter(state=GrantState.GONE).annotate(uses=_USES).filter(uses=0)
)
"""None that a sign-in, an installed app or an integration still names, deleted or not."""

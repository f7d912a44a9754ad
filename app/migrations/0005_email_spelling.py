"""E-mail addresses in the spelling by which this version knows members: a domain of IDNA stands there as people read it.

Until now the case of all letters was folded, so that `straße` became `strasse` for good; what was folded cannot be told. Where
another member of the team has the new spelling already, both stay as they are, and it is said who that is.
"""

import logging
from typing import Any

import idna
from tortoise import migrations
from tortoise.migrations import operations as ops

_log = logging.getLogger("migrations")


def _respelled(email: str) -> str:
    local, _, domain = email.rpartition("@")
    try:
        labels = [idna.ulabel(label) if label.startswith("xn--") and len(label) <= 63 else label for label in domain.split(".")]
    except (idna.IDNAError, UnicodeError):
        return email
    return f"{local}@{'.'.join(labels)}"


async def _respell(_apps: Any, editor: Any) -> None:
    # By SQL, and not by the models of this moment: what Tortoise learns of those it would keep for the models of the service.
    ask = editor.client.execute_query_dict
    one, two, three = ("$1", "$2", "$3") if editor.client.capabilities.dialect == "postgres" else ("?", "?", "?")
    for member in await ask("SELECT id, team_id, email FROM member WHERE email LIKE '%xn--%' ORDER BY id"):
        spelled = _respelled(member["email"])
        if spelled == member["email"]:
            continue
        team = member["team_id"]
        holders = await ask(f"SELECT id FROM member WHERE team_id = {one} AND email = {two}", [team, spelled])
        if not holders:
            await ask(f"UPDATE member SET email = {one} WHERE id = {two} AND email <> {three}", [spelled, member["id"], spelled])
            continue
        _log.warning(
            f"The members {member['id']} and {holders[0]['id']} of the team {team} have one e-mail address in two spellings. Both "
            f"stay: the address leads to {holders[0]['id']} from now on, and {member['id']} is not found by it any more."
        )
    present = await ask("SELECT id, email FROM member WHERE left_at IS NULL ORDER BY id")
    folded = [member["id"] for member in present if not member["email"].rpartition("@")[0].isascii()]
    if folded:
        _log.warning(
            f"Present members whose e-mail address has letters beyond ASCII before the @: {len(folded)}, such as {folded[0]}. Capitals "
            "among those were kept as small letters, and count from now on: whom OIDC signs in no more has to be added once more."
        )


class Migration(migrations.Migration):
    dependencies = [('models', '0004_oidc_sign_in')]

    initial = False

    operations = [
        ops.RunPython(_respell, ops.RunPython.noop),
    ]

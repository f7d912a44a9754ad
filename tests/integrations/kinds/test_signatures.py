"""A kind whose function has another signature than the contract says is refused by mypy, before anything runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

RIGHT = """
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from app.access.callers import Caller
from app.integrations.kinds.connect_api.kind import KIND as OTHER
from app.integrations.kinds.connect_api.models import ApiConnection
from app.integrations.kinds.connect_api.settings import ApiConnectionEdit, ApiConnectionSettings
from app.integrations.kinds.contract import Checks, Kind, Ready, ReadyEdit
from app.integrations.models import Integration
from app.integrations.sources import Using
from app.log.events import Change
from app.outbound.budget import Budget
from app.providers.contract import Failure
from app.services import Services
from app.sign_ins.models import Grant
from app.storage.slots import Slots


async def save(change: Change, integration: Integration) -> None: ...


async def save_edit(change: Change, integration: Integration) -> bool:
    return False


async def prepare(settings: ApiConnectionSettings, *, grant: Grant, services: Services, budget: Budget) -> Ready:
    return Ready(grant.account_id, save)


async def prepare_edit(
    found: Integration,
    edit: ApiConnectionEdit | None,
    *,
    using: Using | None,
    caller: Caller,
    services: Services,
    budget: Budget,
) -> ReadyEdit:
    return ReadyEdit(None, False, save_edit)


async def check_access(found: Integration, *, using: Using, caller: Caller, services: Services, budget: Budget) -> None: ...


async def find_hidden(
    found: Sequence[Integration], *, grant: Grant, services: Services, budget: Budget
) -> Mapping[UUID, Failure]:
    return {}


async def check_soon(change: Change, integration_ids: Collection[UUID]) -> None: ...


async def release(change: Change, integration_id: UUID) -> None: ...


async def check_due(*, services: Services, slots: Slots | None = None) -> int:
    return 0


def show(integration: Integration, row: ApiConnection) -> object:
    return row


KIND = Kind(
    key="another",
    name="Another",
    description="Does what the other does.",
    purpose="Do what the other does.",
    field=("settings", "another"),
    table=ApiConnection,
    rows=OTHER.rows,
    settings_input=OTHER.settings_input,
    edit_input=OTHER.edit_input,
    object_type=OTHER.object_type,
    show=show,
    prepare=prepare,
    prepare_edit=prepare_edit,
    is_offered_by=lambda provider: provider.hosting is not None,
    checks=Checks(
        check_access=check_access, find_hidden=find_hidden, check_soon=check_soon, release=release, check_due=check_due
    ),
)
"""

WRONG = {
    "an_argument_of_another_name": (
        "grant: Grant, services: Services, budget: Budget) -> Ready:",
        "access: Grant, services: Services, budget: Budget) -> Ready:",
        ["Kind"],
    ),
    "an_argument_of_another_type": ("budget: Budget,\n)", "budget: int,\n)", ["Kind"]),
    "an_argument_too_few": ("(*, services: Services, slots: Slots | None = None) -> int", "() -> int", ["Checks"]),
    "another_answer": ("-> ReadyEdit:\n    return ReadyEdit(None, False, save_edit)", "-> None: ...", ["Kind"]),
    "settings_of_another_kind": ("row: ApiConnection) -> object", "row: Grant) -> object", ["Kind"]),
}


@pytest.mark.processes
def test_a_kind_with_a_wrong_signature_is_refused_and_one_with_the_right_ones_is_not(tmp_path: Path) -> None:
    (tmp_path / "right.py").write_text(RIGHT)
    for name, (right, wrong, _) in WRONG.items():
        assert RIGHT.count(right) == 1
        (tmp_path / f"{name}.py").write_text(RIGHT.replace(right, wrong))

    told = _check(sorted(tmp_path.glob("*.py")))

    refused: dict[str, list[str]] = {}
    for file, to in re.findall(r"([a-z_]+)\.py:\d+: error: Argument \"[a-z_]+\" to \"([A-Za-z]+)\" has incompatible type", told):
        refused.setdefault(file, []).append(to)
    assert refused == {name: of for name, (_, _, of) in WRONG.items()}, told
    assert f"errors in {len(WRONG)} files (checked {len(WRONG) + 1} source files)" in told


def _check(files: list[Path]) -> str:
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), *map(str, files)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout  # noqa: S603 - no words of others

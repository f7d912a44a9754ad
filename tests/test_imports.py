"""Imports point down: from what a request meets first to the ground that knows nothing above it, and never in a circle."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest

from app.integrations.kinds.table import ALL
from app.log.event_types import EventType
from tests.structure import (
    Import,
    find_across,
    find_circle,
    find_folders,
    find_named,
    find_outside_rooms,
    find_strings,
    find_upward,
    find_words,
    imports_of,
    room_of,
)

APP = Path(__file__).parent.parent / "app"

TOPS = ("__main__", "console", "service")
"""The command line, the processes, and the tables of contents: above all capabilities."""

CAPABILITIES = (
    "activity",
    "deliveries",
    "forecasts",
    "integrations",
    "repositories",
    "installed_apps",
    "sign_ins",
    "monitors",
    "catalogue",
    "teams",
    "graphql",
    "access",
)
OUTSIDE = ("providers",)
GROUND = ("oidc", "web", "outbound", "log", "redis", "sealing", "storage", "telemetry", "text", "pages")
BESIDE = ("__init__.py", "__main__.py", "errors.py", "settings.py", "clock.py", "services.py")
SANDBOX = "sandbox"
MAY_NAME_PROVIDERS = ("app.providers.catalogue",)
MAY_NAME_KINDS = ("app.integrations.kinds.table",)
SANDBOX_MAY_IMPORT = {"app.clock", "app.settings"}

ROOMS = (*TOPS[1:], *CAPABILITIES, *OUTSIDE, *GROUND, SANDBOX, "migrations")
FLOORS = {room: height for height, room in enumerate(reversed((*TOPS, *CAPABILITIES, *OUTSIDE)), start=1)}

MAY_NAME_EVENT_TYPES = ("log/event_types.py", "errors.py", "sign_ins/models.py")
"""The enum; and two others that have a member of the same name: a refusal's code and a status' reason."""

NAMES_OF_PROVIDERS = frozenset(path.name for path in (APP / "providers").iterdir() if path.is_dir() and path.name[0].isalpha())
_KINDS = frozenset(path.name for path in (APP / "integrations" / "kinds").iterdir() if path.is_dir() and path.name[0].isalpha())
NAMES_OF_KINDS = frozenset(spelt for kind in _KINDS for spelt in (kind, kind.replace("_", "-")))
FILES_NAMING_PROVIDERS = (
    "providers/catalogue.py",
    "settings.py",  # the operator's settings, whose names the contract fixes
    "migrations/",
    "sandbox/",
    *(f"providers/{provider}/" for provider in NAMES_OF_PROVIDERS),
)
FILES_NAMING_KINDS = (
    "integrations/kinds/table.py",
    "migrations/",
    "sandbox/",
    *(f"integrations/kinds/{kind}/" for kind in _KINDS),
    *(f"providers/{provider}/" for provider in NAMES_OF_PROVIDERS),  # each says which kinds it is for
)

PROVIDERS = find_folders(APP, "providers")
KINDS = find_folders(APP, "integrations", "kinds")


@cache
def imports() -> list[Import]:
    return imports_of(APP)


def test_every_import_points_down() -> None:
    of_the_service = [one for one in imports() if SANDBOX not in (room_of(one.module), room_of(one.imported))]

    assert find_upward(of_the_service, floors=FLOORS) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert find_circle(imports()) == []


def test_every_module_lies_in_a_room() -> None:
    assert find_outside_rooms(APP, rooms=ROOMS, beside=BESIDE) == []


def test_no_event_type_is_written_as_a_string() -> None:
    in_sandbox = {path.relative_to(APP).as_posix() for path in (APP / SANDBOX).rglob("*.py")}

    assert find_strings(APP, of=set(EventType), allowed={*MAY_NAME_EVENT_TYPES, *in_sandbox}) == []


def test_nothing_names_a_provider_but_its_folder_and_the_catalogue() -> None:
    assert {"slack", "github", "gitlab", "pagerduty", "webhook"} <= NAMES_OF_PROVIDERS
    assert find_words(APP, words=NAMES_OF_PROVIDERS, allowed=FILES_NAMING_PROVIDERS) == []


def test_nothing_names_a_kind_but_its_folder_and_the_table_of_kinds() -> None:
    assert {"post_monitoring_results", "connect_api", "open_incidents"} <= NAMES_OF_KINDS
    assert find_words(APP, words=NAMES_OF_KINDS, allowed=FILES_NAMING_KINDS) == []


def test_the_sandbox_imports_nothing_of_the_service_but_its_clock_and_settings() -> None:
    imported = {one.imported for one in imports() if room_of(one.module) == SANDBOX and room_of(one.imported) != SANDBOX}

    assert imported <= SANDBOX_MAY_IMPORT


def test_only_the_command_line_imports_the_sandbox() -> None:
    importers = {room_of(one.module) for one in imports() if room_of(one.imported) == SANDBOX}

    assert importers <= {SANDBOX, "console", "__main__"}


def test_no_provider_imports_another() -> None:
    assert find_across(imports(), folders=PROVIDERS) == []


def test_only_the_catalogue_names_a_provider() -> None:
    assert find_named(imports(), folders=PROVIDERS, allowed=MAY_NAME_PROVIDERS) == []


def test_no_kind_imports_another() -> None:
    assert find_across(imports(), folders=KINDS) == []


def test_only_the_table_of_kinds_names_a_kind() -> None:
    own = {path.relative_to(APP).as_posix() for path in (APP / "integrations" / "kinds").glob("*/*.py")}

    assert find_named(imports(), folders=KINDS, allowed=MAY_NAME_KINDS) == []
    assert find_strings(APP, of={kind.key for kind in ALL}, allowed=own) == []


Found = Callable[[Path], list[str]]

BROKEN: Mapping[str, tuple[Mapping[str, str], Found, list[str]]] = {
    "an import that points up": (
        {"teams/models.py": "", "log/events.py": "def look():\n    from app.teams import models\n"},
        lambda app: find_upward(imports_of(app), floors=FLOORS),
        ["app.log.events -> app.teams.models"],
    ),
    "an import that points up and is meant for a type checker alone": (
        {
            "graphql/ids.py": "import typing\nif typing.TYPE_CHECKING:\n    from app.teams.models import Team\n",
            "teams/models.py": "",
        },
        lambda app: find_upward(imports_of(app), floors=FLOORS),
        ["app.graphql.ids -> app.teams.models"],
    ),
    "a string that names a module above": (
        {"graphql/ids.py": "LAZY = 'app.teams.models'\n", "teams/models.py": ""},
        lambda app: find_upward(imports_of(app), floors=FLOORS),
        ["app.graphql.ids -> app.teams.models"],
    ),
    "a circle of three": (
        {"log/a.py": "import app.log.b\n", "log/b.py": "from app.log import c\n", "log/c.py": "from app.log.a import x\n"},
        lambda app: find_circle(imports_of(app)),
        ["app.log.a", "app.log.b", "app.log.c", "app.log.a"],
    ),
    "a module outside of all rooms": (
        {"rates.py": "", "services.py": "", "teams/models.py": ""},
        lambda app: find_outside_rooms(app, rooms=ROOMS, beside=BESIDE),
        ["rates.py"],
    ),
    "a room that nobody knows": (
        {"helpers/text.py": "", "teams/models.py": ""},
        lambda app: find_outside_rooms(app, rooms=ROOMS, beside=BESIDE),
        ["helpers"],
    ),
    "a provider that imports another": (
        {"providers/slack/calls.py": "from app.providers.github import calls\n", "providers/github/calls.py": ""},
        lambda app: find_across(imports_of(app), folders=("app.providers.github", "app.providers.slack")),
        ["app.providers.slack.calls -> app.providers.github.calls"],
    ),
    "a provider's name outside of its folder": (
        {
            "providers/_git/names.py": "from app.providers.slack import calls\n",
            "providers/catalogue.py": "from app.providers.slack import calls\n",
            "providers/slack/calls.py": "from app.providers._git import names\n",
        },
        lambda app: find_named(imports_of(app), folders=("app.providers.slack",), allowed=MAY_NAME_PROVIDERS),
        ["app.providers._git.names -> app.providers.slack.calls"],
    ),
    "a kind that imports another": (
        {
            "integrations/kinds/posts/kind.py": "",
            "integrations/kinds/table.py": "from app.integrations.kinds.posts import kind\n",
            "integrations/kinds/pages/kind.py": "from app.integrations.kinds.posts import kind\n",
        },
        lambda app: find_across(imports_of(app), folders=find_folders(app, "integrations", "kinds")),
        ["app.integrations.kinds.pages.kind -> app.integrations.kinds.posts.kind"],
    ),
    "a kind's name outside of its folder": (
        {
            "integrations/kinds/posts/kind.py": "",
            "integrations/kinds/table.py": "from app.integrations.kinds.posts import kind\n",
            "deliveries/leases.py": "from app.integrations.kinds.posts.kind import PACE\n",
        },
        lambda app: find_named(imports_of(app), folders=find_folders(app, "integrations", "kinds"), allowed=MAY_NAME_KINDS),
        ["app.deliveries.leases -> app.integrations.kinds.posts.kind"],
    ),
    "a provider's name in a description": (
        {"teams/enums.py": "MEMBER = 'Adds Slack apps.'\n", "providers/slack/provider.py": "NAME = 'Slack'\n"},
        lambda app: find_words(app, words=NAMES_OF_PROVIDERS, allowed=FILES_NAMING_PROVIDERS),
        ["teams/enums.py:1: MEMBER = 'Adds Slack apps.'"],
    ),
    "a kind's name in code": (
        {"deliveries/jobs.py": "from app.integrations.kinds import connect_api\n"},
        lambda app: find_words(app, words=NAMES_OF_KINDS, allowed=FILES_NAMING_KINDS),
        ["deliveries/jobs.py:1: from app.integrations.kinds import connect_api"],
    ),
    "a type of event as a string": (
        {"teams/authentication.py": "ENDINGS = {'TEAM_MEMBER_REMOVED'}\n", "log/event_types.py": "A = 'TEAM_MEMBER_ADDED'\n"},
        lambda app: find_strings(app, of=set(EventType), allowed=MAY_NAME_EVENT_TYPES),
        ["teams/authentication.py: TEAM_MEMBER_REMOVED"],
    ),
}


@pytest.mark.parametrize(("files", "find", "found"), BROKEN.values(), ids=BROKEN)
def test_what_breaks_a_rule_is_found(files: Mapping[str, str], find: Found, found: list[str], tmp_path: Path) -> None:
    app = tmp_path / "app"
    for name, text in files.items():
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).write_text(text)

    assert find(app) == found

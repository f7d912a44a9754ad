"""Every place in the code that makes rows has a bound: a quota of the team's, or a reason why it needs none."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from graphql import GraphQLObjectType

from app.log.quota_settings import Quotas
from app.service.schema import build_schema

APP = Path(__file__).parent.parent / "app"

CHANGES = "max_changes_per_day"

ROWS: Mapping[str, tuple[str, ...] | str] = {
    "monitors.actions._name_or_make: Monitor": ("max_monitors",),
    "monitors.actions.record_run: run": ("max_runs_per_minute", "max_runs_per_day", "max_run_kilobytes_per_day"),
    "monitors.actions.record_test: run": "One for each test message, which is a delivery.",
    "deliveries.reactions.make_one: delivery": ("max_deliveries_per_day",),
    "deliveries.activity.reactions._make: delivery": ("max_activity_integrations", "max_deliveries_per_day"),
    "deliveries.settling._save: _made(delivery, attempt, number=made + 1)": "A hundred each.",
    'deliveries.leases._claim: INSERT INTO "pace"': "One for each channel that integrations post to; they move by changes.",
    "teams.founding.create_team: Team": "The operator's command line alone makes teams.",
    "teams.founding.join: member": ("max_members", CHANGES),
    "teams.access_tokens.keep_token: AccessToken": ("max_access_tokens", "max_access_tokens_of_member", CHANGES),
    "teams.sign_in_links.save_link: SignInLink": "One with each member who is added, and the operator's; swept after their end.",
    "teams.sessions.open_session: BrowserSession": "Fifty of a member: one more takes the place of the oldest.",
    "teams.oidc_sign_ins.begin: OidcSignIn": "60 a minute from an address, 6,000 from all; swept once they ran out.",
    "sign_ins.beginning.begin: row": (CHANGES,),
    "sign_ins.completion._save_grant: grant": "One for each sign-in that was begun.",
    "sign_ins.pasted.save_pasted: grant": (CHANGES,),
    "forecasts.telling._say: row": "One for each cause of an installed app or an integration.",
    "installed_apps.sharing.share: InstalledApp": ("max_installed_apps", CHANGES),
    "installed_apps.shared_clients._create: InstalledApp": ("max_installed_apps", CHANGES),
    "installed_apps.shared_clients.add: client": ("max_installed_apps", CHANGES),
    "installed_apps.shared_clients._carry_out: plan.successor": (CHANGES,),
    "integrations.adding.add: integration": ("max_integrations", CHANGES),
    "integrations.kinds.post_monitoring_results.settings.prepare: MonitoringPost": "One for each integration.",
    "integrations.kinds.connect_api.settings.prepare: ApiConnection": "One for each integration.",
    "integrations.kinds.open_incidents.settings.prepare: IncidentSettings": "One for each integration.",
    "integrations.kinds.open_incidents.outages.go_down: Incident": "One for three runs that failed; they go when those have.",
    "integrations.kinds.post_team_activity.settings.prepare: ActivityPost": ("max_activity_integrations",),
    "log.events.add: row": "What is added to a change is found where that is done.",
    "log.events._commit: Counter": "One for each team.",
    "log.events._commit: event": "Those of a member's change count; all others follow from what has a bound.",
    "sealing.key_states.add: cls": "One for each key of the operator's keyring.",
    "sealing.presence.announce: LiveProcess": "One for each process.",
    "sealing.vault._first_data_key: row": "One for each team.",
    "telemetry.exporting.__init__: Resource": "No row: what traces say of who sends them.",
}
"""What makes a row, as "module.function: what", by the quotas that bound it."""

MUTATIONS: Mapping[str, tuple[str, ...] | str] = {
    "recordMonitorRun": (
        *("max_runs_per_minute", "max_runs_per_day", "max_run_kilobytes_per_day"),
        *("max_deliveries_per_day", "max_monitors"),
    ),
    "beginAuthorization": (CHANGES,),
    "addInstalledApp": ("max_installed_apps", CHANGES),
    "editInstalledApp": (CHANGES,),
    "reauthenticateInstalledApp": (CHANGES,),
    "addIntegration": (
        *("max_integrations", "max_integrations_of_monitor", "max_activity_integrations", "max_installed_apps", "max_monitors"),
        CHANGES,
    ),
    "editIntegration": ("max_integrations_of_monitor", "max_installed_apps", "max_monitors", CHANGES),
    "reauthenticateIntegration": ("max_installed_apps", CHANGES),
    "reauthenticateIntegrations": ("max_installed_apps", CHANGES),
    "pauseIntegration": (CHANGES,),
    "resumeIntegration": (CHANGES,),
    "retryDelivery": (CHANGES,),
    "testIntegration": ("max_deliveries_per_day", CHANGES),
    "addTeamMember": ("max_members", CHANGES),
    "changeTeamMemberRole": (CHANGES,),
    "createSignInLink": (CHANGES,),
    "createAccessToken": ("max_access_tokens", "max_access_tokens_of_member", CHANGES),
    "checkInstalledApp": "It makes no row; how often a provider's word turns is bounded like changes.",
    "deleteInstalledApp": "Each goes once, and was added.",
    "deleteIntegration": "Each goes once, and was added.",
    "removeTeamMember": "Each goes once for each time that they were added.",
    "revokeAccessToken": "Each goes once, and was made.",
    "revokeAuthorization": "Each ends once, and was begun.",
}
"""What bounds the rows that each mutation leaves, its events among them."""


def test_every_place_that_makes_rows_is_bounded() -> None:
    assert sorted(_makers()) == sorted(ROWS)


def test_every_mutation_is_bounded() -> None:
    mutation = build_schema()._schema.mutation_type  # noqa: SLF001 - as graphql-core sees it

    assert isinstance(mutation, GraphQLObjectType)
    assert sorted(mutation.fields) == sorted(MUTATIONS)


def test_every_quota_bounds_something_and_every_bound_is_one() -> None:
    named = {quota for bound in (*ROWS.values(), *MUTATIONS.values()) if not isinstance(bound, str) for quota in bound}

    assert named == set(Quotas.model_fields)


def test_a_place_that_makes_rows_is_found() -> None:
    tree = ast.parse(_MAKER)

    assert list(_made_in(tree, within="module")) == [f"module.put: {what}" for what in ('INSERT INTO "row"', "Row", "new", "row")]


def _makers() -> Iterator[str]:
    for path in sorted(APP.rglob("*.py")):
        within = path.relative_to(APP).with_suffix("").parts
        if within[0] not in {"sandbox", "migrations"}:
            yield from _made_in(ast.parse(path.read_text()), within=".".join(within))


def _made_in(tree: ast.AST, *, within: str) -> Iterator[str]:
    """Yield what makes rows, in the outermost function or method that does."""
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                made = {what for inner in ast.walk(node) if (what := _made_by(inner)) is not None}
                yield from (f"{within}.{name}: {what}" for what in sorted(made))
            case ast.ClassDef():
                yield from _made_in(node, within=within)


def _made_by(node: ast.AST) -> str | None:
    match node:
        case ast.Call(func=ast.Attribute(attr="create" | "bulk_create" | "get_or_create" | "update_or_create", value=row)):
            return ast.unparse(row)
        case ast.Call(func=ast.Attribute(attr="save", value=row), keywords=keywords):
            return ast.unparse(row) if any(keyword.arg == "force_create" for keyword in keywords) else None
        case ast.Call(func=ast.Attribute(attr="add", value=ast.Name(id="change")) | ast.Name(id="Insertion"), args=[row]):
            return ast.unparse(row)
        case ast.Constant(value=str(text)) if text.lstrip().startswith("INSERT INTO"):
            return " ".join(text.split()[:3])
    return None


_MAKER = """
async def put():
    def inner():
        Row.create(id=1)
    row.save(force_create=former is None)
    change.add(new)
    run('INSERT INTO "row" VALUES (1)')
"""

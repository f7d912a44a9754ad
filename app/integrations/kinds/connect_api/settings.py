"""Settings of the kind "Connect an API": a repository on a Git server, a branch, and paths in it."""

from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID, uuid4

from app.access.callers import Caller
from app.errors import Refusal, UserErrorCode
from app.graphql.inputs import Keep
from app.installed_apps.models import InstalledApp
from app.integrations.kinds.connect_api import repositories as targets
from app.integrations.kinds.connect_api.layouts import (
    BRANCH_FIELD,
    CONNECTION_FIELD,
    REPOSITORY_FIELD,
    Layout,
    check_api_name,
    check_layout,
    live_key,
)
from app.integrations.kinds.connect_api.models import ApiConnection
from app.integrations.kinds.contract import Ready, ReadyEdit
from app.integrations.models import Integration
from app.integrations.sources import Using, dry_run
from app.log.events import Change
from app.outbound.budget import Budget
from app.repositories.asking import sign_in_required
from app.repositories.references import RepositoryRef, decode_repository
from app.services import Services
from app.sign_ins.grants import live_grant_of
from app.sign_ins.models import Grant, OAuthClient

KEY = "connect-api"


@dataclass(frozen=True)
class ApiConnectionSettings:
    """`repository_id` is the repository's global id; `schema_file` None: there is no definition."""

    kind: ClassVar[str] = KEY

    api_name: str
    repository_id: str
    branch: str
    schema_file: str | None
    collection_directory: str


@dataclass(frozen=True)
class ApiConnectionEdit:
    """An edit; None leaves a value as it is, but for `schema_file`, which None clears."""

    kind: ClassVar[str] = KEY

    api_name: str | None = None
    branch: str | None = None
    schema_file: str | Keep | None = Keep.KEEP
    collection_directory: str | None = None


async def prepare(settings: ApiConnectionSettings, *, grant: Grant, services: Services, budget: Budget) -> Ready:
    """Look repository, branch and schema file up with `grant`, the caller's own.

    Raises INVALID for another server's repository and paths that do not go together, NOT_FOUND for what the caller does not see
    there, and what the server refuses.
    """
    name = check_api_name(settings.api_name)
    layout = check_layout(settings.branch, settings.schema_file, settings.collection_directory)
    named = await _read_repository(settings.repository_id, grant=grant)
    repository = await targets.look_up(named, layout, grant=grant, services=services, budget=budget)
    where = RepositoryRef(named.provider, named.base_url, repository.id)

    async def save(change: Change, integration: Integration) -> None:
        key = live_key(where, layout)
        await _check_unique(change, key, but=integration.id)
        await ApiConnection.create(
            id=uuid4(),
            integration_id=integration.id,
            team_id=change.team_id,
            api_name=name,
            repository_id=repository.id,
            repository_owner=repository.owner,
            repository_name=repository.name,
            repository_full_name=repository.full_name,
            repository_url=repository.web_url,
            default_branch=repository.default_branch,
            branch=layout.branch,
            schema_file=layout.schema_file,
            collection_directory=layout.collection_directory,
            live_key=key,
            next_check_at=change.now,
        )

    return Ready(named.base_url, save)


async def prepare_edit(
    found: Integration, edit: ApiConnectionEdit | None, *, using: Using | None, caller: Caller, services: Services, budget: Budget
) -> ReadyEdit:
    """Look another branch or schema file up, with the caller's own grant and nobody else's.

    Raises as `prepare`, SIGN_IN_REQUIRED, WRONG_ACCOUNT for `using` of another server.
    """
    edited = edit or ApiConnectionEdit()
    name = check_api_name(edited.api_name) if edited.api_name is not None else None
    seen = await ApiConnection.get(integration_id=found.id)
    layout = _merge(seen, edited)
    moves = layout.target != layout_of(seen).target
    if using is not None or moves:
        grant = await grant_for(found, using, caller=caller, services=services)
        where = repository_of(found, seen)
        if moves:
            await targets.look_up(where, layout, grant=grant, services=services, budget=budget)
        else:
            await targets.check_visible(where, grant=grant, services=services, budget=budget)

    async def save(change: Change, integration: Integration) -> bool:
        connection = await ApiConnection.get(integration_id=integration.id)
        if layout_of(connection) != layout_of(seen):
            raise Refusal(UserErrorCode.CONFLICT, "Somebody has just changed it too: read it again, and then decide.")
        return await _save_edit(change, integration, connection, layout, api_name=name, moves=moves)

    return ReadyEdit(None, is_confirmed=moves, save=save)


async def grant_for(found: Integration, using: Using | None, *, caller: Caller, services: Services) -> Grant:
    """Return the caller's own grant at the server: with `using`, what that brings. Raises SIGN_IN_REQUIRED, CONFLICT."""
    if using is not None:
        return await dry_run(using, caller=caller, services=services, wanted_account_id=found.account_id)
    app = await InstalledApp.get_or_none(id=found.installed_app_id, deleted_at__isnull=True)
    if app is None or app.oauth_client_id is None:
        raise Refusal(
            UserErrorCode.CONFLICT,
            f"The installed app for {found.connected_to} was deleted, so nothing can be looked up there: a Team Admin has to add "
            "it again first.",
            field=CONNECTION_FIELD,
        )
    grant = await live_grant_of(app.oauth_client_id, caller.member_id)
    if grant is None:
        raise sign_in_required(field=BRANCH_FIELD)
    return grant


def layout_of(connection: ApiConnection) -> Layout:
    """Return what is connected in its repository."""
    return Layout(connection.branch, connection.schema_file, connection.collection_directory)


def repository_of(integration: Integration, connection: ApiConnection) -> RepositoryRef:
    """Return which repository that is."""
    return RepositoryRef(integration.provider, integration.account_id, connection.repository_id)


async def _read_repository(id: str, *, grant: Grant) -> RepositoryRef:
    named = decode_repository(id)
    if named is None:
        raise Refusal(
            UserErrorCode.NOT_FOUND,
            "There is no repository with this id: choose one from `repositories`.",
            field=REPOSITORY_FIELD,
        )
    client = await OAuthClient.get(id=grant.oauth_client_id)
    if (named.provider, named.base_url) != (client.provider, client.base_url):
        raise Refusal(
            UserErrorCode.INVALID,
            f"This repository is not on {client.base_url}: choose one from the `repositories` of the same installed app.",
            field=REPOSITORY_FIELD,
        )
    return named


def _merge(connection: ApiConnection, edit: ApiConnectionEdit) -> Layout:
    return check_layout(
        edit.branch if edit.branch is not None else connection.branch,
        connection.schema_file if isinstance(edit.schema_file, Keep) else edit.schema_file,
        edit.collection_directory if edit.collection_directory is not None else connection.collection_directory,
    )


async def _save_edit(
    change: Change, integration: Integration, connection: ApiConnection, layout: Layout, *, api_name: str | None, moves: bool
) -> bool:
    key = live_key(repository_of(integration, connection), layout)
    columns: dict[str, Any] = {
        "api_name": api_name if api_name is not None else connection.api_name,
        "branch": layout.branch,
        "schema_file": layout.schema_file,
        "collection_directory": layout.collection_directory,
        "live_key": key,
    }
    changed = {column: value for column, value in columns.items() if getattr(connection, column) != value}
    if not changed:
        return False
    if moves:
        await _check_unique(change, key, but=integration.id)
        changed["next_check_at"] = change.now
    await ApiConnection.filter(id=connection.id).update(**changed)
    return True


async def _check_unique(change: Change, key: str, *, but: UUID) -> None:
    other = await ApiConnection.filter(team_id=change.team_id, live_key=key).exclude(integration_id=but).first()
    if other is None:
        return
    integration = await Integration.get(id=other.integration_id)
    file = f"“{other.schema_file}”" if other.schema_file is not None else "no schema file"
    raise Refusal(
        UserErrorCode.ALREADY_EXISTS,
        f"“{integration.name}” is connected to {other.repository_full_name}, branch “{other.branch}”, with {file} already: each "
        "API needs a branch or a schema file of its own.",
        field=CONNECTION_FIELD,
    )

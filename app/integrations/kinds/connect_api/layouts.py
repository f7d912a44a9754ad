"""The product's rules for connecting an API: how it is named, which paths go together, and what is connected once only."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from app.errors import Refusal, UserErrorCode
from app.repositories.paths import LONGEST, directory_of, is_fit, is_within, normalise
from app.repositories.references import RepositoryRef
from app.teams.names import check_name, check_seen

CONNECTION_FIELD = ("settings", "connectApi")
NAME_FIELD = (*CONNECTION_FIELD, "apiName")
REPOSITORY_FIELD = (*CONNECTION_FIELD, "repositoryId")
BRANCH_FIELD = (*CONNECTION_FIELD, "branch")
SCHEMA_FIELD = (*CONNECTION_FIELD, "schemaFile")
DIRECTORY_FIELD = (*CONNECTION_FIELD, "collectionDirectory")

_LONGEST_BRANCH = 500


@dataclass(frozen=True)
class Layout:
    """Which branch and what in it: paths from the repository's root, in their one spelling."""

    branch: str
    schema_file: str | None
    collection_directory: str

    @property
    def target(self) -> tuple[str, str | None]:
        """Return what has to be there at the server; the collection directory is made by what writes to it."""
        return self.branch, self.schema_file


def check_api_name(text: str) -> str:
    """Return the API's name without blanks around it. Raises INVALID unless it has 1 to 200 characters."""
    return check_name(text, field=NAME_FIELD)


def check_layout(branch: str, schema_file: str | None, collection_directory: str) -> Layout:
    """Return the layout, paths normalised. Raises INVALID for what is no branch's name or path, or does not go together.

    The collection directory must not be the schema file's directory, nor lie inside or around it. A schema file at the root has
    no directory of its own: otherwise there would be no place left for collections.
    """
    if not is_fit(branch) or len(branch) > _LONGEST_BRANCH:
        raise Refusal(UserErrorCode.INVALID, f"A branch's name has 1 to {_LONGEST_BRANCH} characters.", field=BRANCH_FIELD)
    check_seen(branch, field=BRANCH_FIELD)
    file = _check_path(schema_file, field=SCHEMA_FIELD) if schema_file is not None else None
    if file is not None and schema_file is not None and schema_file.endswith("/"):
        raise Refusal(UserErrorCode.INVALID, "The schema file is a file, not a directory.", field=SCHEMA_FIELD)
    directory = _check_path(collection_directory, field=DIRECTORY_FIELD)
    if file is not None:
        _check_apart(file, directory)
    return Layout(branch, file, directory)


def live_key(where: RepositoryRef, layout: Layout) -> str:
    """Return what a connection is unique by in its team: repository, branch and schema file, in 64 characters."""
    parts = [where.provider, where.base_url, where.repository_id, layout.branch, layout.schema_file or ""]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _check_path(path: str, *, field: Sequence[str]) -> str:
    checked = normalise(path)
    if not checked:
        raise Refusal(
            UserErrorCode.INVALID,
            "This is a path from the repository's root, below it, such as postman/collections: "
            f"no leading “/”, no “..”, at most {LONGEST:,} characters.",
            field=field,
        )
    return check_seen(checked, field=field)


def _check_apart(file: str, directory: str) -> None:
    home = directory_of(file)
    if is_within(directory, file) or (home and (is_within(directory, home) or is_within(home, directory))):
        raise Refusal(
            UserErrorCode.INVALID,
            f"Collections cannot be kept in “{directory}”: the definition “{file}” is in “{home or '/'}”, and neither directory "
            "may hold the other. Choose another collection directory, such as postman/collections.",
            field=DIRECTORY_FIELD,
        )

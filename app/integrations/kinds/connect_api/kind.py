"""The kind “Connect an API”, described."""

from app.integrations.kinds.connect_api.checks import check_access, check_due, check_soon, find_hidden, release
from app.integrations.kinds.connect_api.layouts import CONNECTION_FIELD
from app.integrations.kinds.connect_api.loaders import rows
from app.integrations.kinds.connect_api.models import ApiConnection
from app.integrations.kinds.connect_api.settings import KEY, prepare, prepare_edit
from app.integrations.kinds.connect_api.types import ConnectApi, ConnectApiInput, EditConnectApiInput
from app.integrations.kinds.contract import Checks, Kind

KIND = Kind(
    key=KEY,
    name="Connect an API",
    description="Connects an API to a repository on a Git server: a branch, a definition and a directory for collections.",
    purpose="Connect an API to a repository on a Git server.",
    field=CONNECTION_FIELD,
    table=ApiConnection,
    rows=rows,
    settings_input=ConnectApiInput,
    edit_input=EditConnectApiInput,
    object_type=ConnectApi,
    show=ConnectApi.of,
    prepare=prepare,
    prepare_edit=prepare_edit,
    is_offered_by=lambda provider: provider.hosting is not None,
    checks=Checks(
        check_access=check_access, find_hidden=find_hidden, check_soon=check_soon, release=release, check_due=check_due
    ),
)

"""The kind “Post team activity”, described."""

from app.integrations.kinds.contract import Activity, Kind
from app.integrations.kinds.post_team_activity.hearing import hear
from app.integrations.kinds.post_team_activity.loaders import rows
from app.integrations.kinds.post_team_activity.models import KEY, ActivityPost
from app.integrations.kinds.post_team_activity.settings import ACTIVITY_FIELD, prepare, prepare_edit
from app.integrations.kinds.post_team_activity.telling import targets_of, tell
from app.integrations.kinds.post_team_activity.types import EditPostTeamActivityInput, PostTeamActivity, PostTeamActivityInput

KIND = Kind(
    key=KEY,
    name="Post team activity",
    description=(
        "Posts to a channel what happens in the team's activity log: which installed apps and integrations stopped, will stop "
        "and came back, or the types of events that you choose."
    ),
    purpose="Post what happens in the team to a channel.",
    field=ACTIVITY_FIELD,
    table=ActivityPost,
    rows=rows,
    settings_input=PostTeamActivityInput,
    edit_input=EditPostTeamActivityInput,
    object_type=PostTeamActivity,
    show=PostTeamActivity.of,
    prepare=prepare,
    prepare_edit=prepare_edit,
    is_offered_by=lambda provider: provider.messaging is not None,
    activity=Activity(hear=hear, targets_of=targets_of, tell=tell),
)

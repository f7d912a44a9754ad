"""The kind “Post monitoring results”, described."""

from app.integrations.kinds.contract import Deliveries, Kind
from app.integrations.kinds.post_monitoring_results.loaders import rows
from app.integrations.kinds.post_monitoring_results.models import MonitoringPost
from app.integrations.kinds.post_monitoring_results.posting import deliver, hear, monitor_of, target_of, targets_of
from app.integrations.kinds.post_monitoring_results.settings import KEY, POST_FIELD, prepare, prepare_edit
from app.integrations.kinds.post_monitoring_results.types import (
    EditPostMonitoringResultsInput,
    PostMonitoringResults,
    PostMonitoringResultsInput,
)

KIND = Kind(
    key=KEY,
    name="Post monitoring results",
    description="Posts the results of a monitor's runs to a channel: every run, or the third failure in a row and the recovery.",
    purpose="Post a monitor's results to a channel.",
    field=POST_FIELD,
    table=MonitoringPost,
    rows=rows,
    settings_input=PostMonitoringResultsInput,
    edit_input=EditPostMonitoringResultsInput,
    object_type=PostMonitoringResults,
    show=PostMonitoringResults.of,
    prepare=prepare,
    prepare_edit=prepare_edit,
    is_offered_by=lambda provider: provider.messaging is not None,
    deliveries=Deliveries(hear=hear, targets_of=targets_of, target_of=target_of, deliver=deliver, monitor_of=monitor_of),
)

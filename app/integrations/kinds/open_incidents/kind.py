"""The kind “Open incidents”, described."""

from app.integrations.kinds.contract import Deliveries, Kind
from app.integrations.kinds.open_incidents.hearing import hear, monitor_of
from app.integrations.kinds.open_incidents.loaders import rows
from app.integrations.kinds.open_incidents.models import IncidentSettings
from app.integrations.kinds.open_incidents.settings import INCIDENTS_FIELD, KEY, prepare, prepare_edit
from app.integrations.kinds.open_incidents.telling import deliver, target_of, targets_of
from app.integrations.kinds.open_incidents.types import EditOpenIncidentsInput, OpenIncidents, OpenIncidentsInput

KIND = Kind(
    key=KEY,
    name="Open incidents",
    description="Opens an incident at a monitor's third failure in a row, and resolves it at the first success.",
    purpose="Open incidents while a monitor fails.",
    field=INCIDENTS_FIELD,
    table=IncidentSettings,
    rows=rows,
    settings_input=OpenIncidentsInput,
    edit_input=EditOpenIncidentsInput,
    object_type=OpenIncidents,
    show=OpenIncidents.of,
    prepare=prepare,
    prepare_edit=prepare_edit,
    is_offered_by=lambda provider: provider.incidents is not None,
    deliveries=Deliveries(hear=hear, targets_of=targets_of, target_of=target_of, deliver=deliver, monitor_of=monitor_of),
)

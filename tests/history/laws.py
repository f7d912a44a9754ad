"""What has to hold of every history, whatever was done to the service meanwhile."""

from collections.abc import Sequence

from tests.history import health, logs, posts, reads, registers, writes
from tests.history.findings import Finding, Law
from tests.history.kept import Kept
from tests.history.records import History

LAWS: Sequence[Law] = (
    writes.writes_are_done_once,
    writes.runs_are_recorded_once,
    writes.acknowledged_deliveries_are_there,
    writes.errors_are_typed,
    registers.reads_return_the_last_write,
    logs.the_log_has_no_gap,
    logs.subscribers_are_told_the_log,
    logs.statuses_follow_each_other,
    logs.deliveries_stand_in_the_log,
    reads.nothing_of_another_team,
    reads.reads_show_what_is_there,
    reads.heads_never_go_back,
    reads.pages_of_the_log_are_the_log,
    posts.what_is_delivered_was_posted,
    posts.repeats_have_a_cause,
    posts.messages_keep_their_order,
    posts.leases_are_their_owners,
    health.no_server_ends_by_itself,
    health.what_passes_stops_nothing,
)


def check(history: History, kept: Kept) -> list[Finding]:
    """Return everything that must not be."""
    return [finding for law in LAWS for finding in law(history, kept)]

"""What can be wrong with a history: each of these does a certain damage to a correct one."""

from collections.abc import Callable
from copy import deepcopy
from random import Random

from tests.history.damages import asked, posted, told
from tests.history.kept import Kept
from tests.history.records import History

Damage = Callable[[History, Kept, Random], bool]
"""Returns False where this history has nothing that could be damaged so."""


def damaged(history: History, kept: Kept, damage: Damage, random: Random) -> tuple[History, Kept] | None:
    """Return a damaged copy."""
    copied = deepcopy((history, kept))
    return copied if damage(*copied, random) else None


DAMAGES: dict[Damage, str] = {
    told.an_event_is_never_told: "gap",
    told.an_event_is_told_twice: "repeat",
    told.two_events_are_told_in_the_wrong_order: "reorder",
    told.an_event_is_told_otherwise: "told otherwise",
    told.an_event_is_told_to_another_team: "across teams",
    told.a_row_of_the_log_is_lost: "gap in the log",
    told.a_number_is_used_twice: "gap in the log",
    told.the_counter_is_ahead: "gap in the log",
    asked.an_acknowledged_run_is_lost: "run",
    asked.a_run_is_recorded_twice: "run",
    asked.a_run_comes_from_nowhere: "run",
    asked.a_refused_write_was_done: "write",
    asked.an_acknowledged_write_was_not_done: "write",
    asked.a_list_lacks_what_was_acknowledged: "lost",
    asked.a_node_is_not_found: "lost",
    asked.what_was_deleted_comes_back: "deleted and back",
    asked.another_teams_id_is_shown: "across teams",
    asked.another_teams_name_is_shown: "across teams",
    asked.another_teams_cursor_is_shown: "across teams",
    asked.a_read_shows_an_old_name: "stale",
    asked.the_database_has_an_old_name: "stale",
    asked.a_read_is_of_an_older_log: "stale",
    asked.a_page_of_the_log_has_a_gap: "gap",
    posted.what_is_delivered_is_nowhere: "posted",
    posted.a_message_is_repeated_without_a_cause: "repeated",
    posted.a_message_is_repeated_by_a_fault_that_cannot_have_done_it: "repeated",
    posted.a_message_stands_in_another_teams_channel: "across teams",
    posted.a_message_is_of_no_delivery: "posted",
    posted.what_was_kept_quiet_is_posted: "posted",
    posted.messages_stand_in_the_wrong_order: "posted out of order",
    posted.a_delivery_is_lost: "deliveries",
    posted.a_run_is_delivered_twice_to_an_integration: "deliveries",
    told.a_status_goes_on_from_another: "status",
    told.a_row_has_another_status_than_the_log: "status",
    told.something_happens_to_what_is_deleted: "deleted and back",
    told.somebody_is_asked_to_sign_in_again: "stopped",
    posted.a_lease_is_ended_by_another: "lease",
    posted.a_lease_is_taken_before_it_is_over: "lease",
    asked.an_error_is_not_typed: "error",
    posted.a_server_ends_by_itself: "ended",
}
"""Each with the law that it breaks."""

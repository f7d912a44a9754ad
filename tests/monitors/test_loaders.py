from app.graphql.connections import Arguments
from app.graphql.context import Context
from app.monitors.loaders import failures_of, runs, runs_of
from app.monitors.models import COLUMNS_BUT_FAILURES, Failure, MonitorRun, write_failures
from app.storage import database
from tests.deliveries.world import World

FAILED = (Failure("status is 200", "expected 500 to be 200"),)


async def test_a_run_is_read_without_what_failed_in_it_which_is_read_where_it_is_asked_for(world: World) -> None:
    await world.report()
    run = await MonitorRun.get()
    run.failures_json = write_failures(FAILED)
    await database.write(lambda connection: run.save(using_db=connection, update_fields=["failures_json"]))
    context = Context(caller=world.caller, services=world.services, request_id="request")

    [by_id] = await runs([run.id], context=context)
    [page] = await runs_of([(run.monitor_id, Arguments(first=1))], context=context)
    [failed] = await failures_of([run.id], context=context)

    [of_page] = page.rows
    for read in (by_id, of_page):
        assert read is not None
        assert [getattr(read, name) for name in COLUMNS_BUT_FAILURES] == [getattr(run, name) for name in COLUMNS_BUT_FAILURES]
        assert not hasattr(read, "failures_json")
    assert failed == FAILED
    assert {*COLUMNS_BUT_FAILURES, "failures_json"} == MonitorRun._meta.db_fields  # noqa: SLF001 - every column there is

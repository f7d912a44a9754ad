from tests.graphql.tiny import World
from tests.telemetry.reading import read_meters, value_of

ADD = "mutation ($input: ClientInput!) { addClient(input: $input) { name } }"


async def test_operations_are_counted_by_kind_and_outcome() -> None:
    world = World()
    taken = {"input": {"url": "https://a.example", "clientSecret": "taken"}}

    async with world.client() as client:
        for query, variables in (
            ("{ role }", {}),
            ("{ nothing }", {}),
            ("{", {}),
            (ADD, taken),
            ("query A { role } query B { role }", {}),
        ):
            await client.post("/graphql", json={"query": query, "variables": variables})

    samples = read_meters(world.meters)
    assert value_of(samples, "graphql_operations_total", kind="query", outcome="OK") == 1
    assert value_of(samples, "graphql_operations_total", kind="query", outcome="BAD_USER_INPUT") == 2
    assert value_of(samples, "graphql_operations_total", kind="unknown", outcome="BAD_USER_INPUT") == 1
    assert value_of(samples, "graphql_operations_total", kind="mutation", outcome="OK") == 1
    assert value_of(samples, "user_errors_total", code="ALREADY_EXISTS") == 1
    assert value_of(samples, "graphql_operation_seconds_count", kind="query") == 3

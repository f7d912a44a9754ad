"""docs/limits.md names the numbers that the code has."""

import re
from pathlib import Path

import pytest

from app.deliveries.loaders import MOST_MADE, MOST_TOLD
from app.graphql.connections import MOST_COUNTED, MOST_LOOKED_THROUGH
from app.graphql.execution.documents import DEAREST, LONGEST_DOCUMENT, MOST_TOKENS, MOST_VARIABLE_VALUES
from app.graphql.limits.cost_accounting import ANONYMOUS_POINTS
from app.graphql.limits.sizes import LARGEST
from app.graphql.transport.requests import LARGEST_BODY
from app.integrations.reauthenticating_all import MOST_AT_ONCE
from app.monitors.reported import MOST_FAILURES
from app.settings import Settings

PAGE = (Path(__file__).parent.parent / "docs" / "limits.md").read_text("utf-8")


@pytest.mark.parametrize(
    "message",
    [
        f"{DEAREST.objects:,} objects, with {DEAREST.values:,} fields",
        f"{LONGEST_DOCUMENT // 1024} KiB, {MOST_TOKENS:,} tokens, {LARGEST.operations} operations, {LARGEST.fragments} fragments",
        f"{LARGEST.depth} levels, {LARGEST.fields:,} fields, {LARGEST.aliases} aliases, {LARGEST.directives} directives",
        f"{LARGEST.introspection:,} fields",
        f"{MOST_VARIABLE_VALUES:,} values",
        f"what is theirs | {MOST_LOOKED_THROUGH:,} |",
        f"`reauthenticateIntegrations` takes | {MOST_AT_ONCE:,}",
        f"`totalCount` counts | {MOST_COUNTED:,} of a list",
        f"{LARGEST_BODY // 1024**2} MiB, within ten seconds",
        f"{MOST_FAILURES} `failures`",
        f"last {MOST_TOLD} `attempts`",
        f"{MOST_MADE} `deliveries`",
        f"{Settings().rate_limit_per_minute:,}: RATE_LIMIT_PER_MINUTE",
        f"{Settings().team_rate_limit_per_minute:,}: TEAM_RATE_LIMIT_PER_MINUTE",
        f"{Settings().connections_per_address:,}: CONNECTIONS_PER_ADDRESS",
        f"at one address | {ANONYMOUS_POINTS} ",
    ],
)
def test_it_names_what_the_code_has(message: str) -> None:
    assert message in PAGE


def test_every_setting_that_it_names_is_one() -> None:
    named = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", PAGE))

    settings = {name.upper() for name in Settings.model_fields}
    others = {"INSTALLED_APPS_TOKEN", "RATE_LIMITED", "TOO_COMPLEX", "BAD_USER_INPUT", "PROVIDER_UNREACHABLE"}
    assert named - others <= settings

"""Who may do what, as the code declares it, the list that is reviewed says it, and the README tells it."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.deliveries.schema import RECORDING_RUNS
from app.graphql.rules import (
    ADMINISTERING,
    ASKING_PROVIDERS,
    CHANGING,
    CHANGING_OWN,
    READING,
    WITH_THE_OBJECT,
    Rule,
    Rules,
)
from app.schema import build_schema
from app.teams.schema import OWN_TOKENS

ROOT = Path(__file__).parent.parent
REVIEWED = ROOT / "tests/data/rules.txt"

TOLD = {
    "read, subscribe": READING,
    "read what a provider is asked for: channels, repositories and what is in them": ASKING_PROVIDERS,
    "`recordMonitorRun`": RECORDING_RUNS,
    "sign in at a provider; add, re-authenticate, check an installed app; add, re-authenticate an integration; `retryDelivery`": (
        CHANGING
    ),
    "edit, delete, pause, resume an integration": CHANGING_OWN,
    "rename an installed app": CHANGING_OWN,
    "add, edit a Git server's installed app; delete any installed app; members": ADMINISTERING,
    "one's own access tokens": OWN_TOKENS,
}
MUTATIONS: dict[str, Rules] = {
    "recordMonitorRun": (RECORDING_RUNS,),
    "beginAuthorization": (CHANGING,),
    "revokeAuthorization": (CHANGING,),
    "addInstalledApp": (CHANGING, ADMINISTERING),
    "reauthenticateInstalledApp": (CHANGING,),
    "checkInstalledApp": (CHANGING,),
    "addIntegration": (CHANGING,),
    "reauthenticateIntegration": (CHANGING,),
    "retryDelivery": (CHANGING,),
    "editIntegration": (CHANGING_OWN,),
    "deleteIntegration": (CHANGING_OWN,),
    "pauseIntegration": (CHANGING_OWN,),
    "resumeIntegration": (CHANGING_OWN,),
    "editInstalledApp": (CHANGING_OWN, ADMINISTERING),
    "deleteInstalledApp": (ADMINISTERING,),
    "addTeamMember": (ADMINISTERING,),
    "changeTeamMemberRole": (ADMINISTERING,),
    "removeTeamMember": (ADMINISTERING,),
    "createAccessToken": (OWN_TOKENS,),
    "revokeAccessToken": (OWN_TOKENS,),
}


@pytest.fixture(scope="module")
def rules() -> Mapping[str, Rules]:
    return build_schema().rules


def test_the_rule_of_every_field_is_the_one_that_was_reviewed(rules: Mapping[str, Rules]) -> None:
    """A field that comes, goes or has another rule is a line of tests/data/rules.txt."""
    lines = [f"{name}: {'; or '.join(map(_words, of_field))}" for name, of_field in sorted(rules.items())]

    assert "\n".join(lines) + "\n" == REVIEWED.read_text("utf-8")


def test_mutations_have_the_rules_that_the_readme_tells(rules: Mapping[str, Rules]) -> None:
    declared = {name.removeprefix("Mutation."): of_field for name, of_field in rules.items() if name.startswith("Mutation.")}

    assert declared == MUTATIONS


def test_nothing_else_takes_more_than_reading_or_asking_a_provider(rules: Mapping[str, Rules]) -> None:
    reading = {name: of_field for name, of_field in rules.items() if not name.startswith("Mutation.")}

    assert set(reading.values()) == {(READING,), (ASKING_PROVIDERS,), (WITH_THE_OBJECT,)}
    assert {name for name, of_field in reading.items() if of_field == (ASKING_PROVIDERS,)} == {
        "Authorization.channels",
        "ConnectApi.definition",
        "InstalledApp.channels",
        "InstalledApp.repositories",
        "Repository.branches",
        "Repository.entries",
        "Repository.file",
    }
    assert all(of_field == (READING,) for name, of_field in reading.items() if name.startswith(("Query.", "Subscription.")))


def test_the_readme_tells_each_rule_in_its_words() -> None:
    part = (ROOT / "README.md").read_text("utf-8").split("### Who may do what")[1].split("###")[0]
    told = {what: (role, scopes) for what, role, scopes in re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", part, re.MULTILINE)}
    del told["what"], told["---"]

    assert told.keys() == TOLD.keys()
    for what, rule in TOLD.items():
        role, scopes = told[what]
        assert re.sub(r" who (made|set) it( up)?", "", role) == _roles(rule)
        assert scopes.removesuffix(", or a browser session") == ", ".join(rule.scopes)


def _words(rule: Rule) -> str:
    role = rule.role if rule.others is None else f"{rule.role} (of others': {rule.others})"
    return f"{role} with {' or '.join(rule.scopes)}" if rule.scopes else "with the object"


def _roles(rule: Rule) -> str:
    return rule.role if rule.others is None else f"{rule.role}, or {rule.others}"

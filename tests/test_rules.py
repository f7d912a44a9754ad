"""Who may do what, as the code declares it, the list that is reviewed says it, and docs/permissions.md tells it."""

import re
from collections.abc import Collection, Iterator, Mapping
from itertools import combinations
from pathlib import Path

import pytest

from app.access.callers import Caller, Role, Scope, scopes_of
from app.access.rules import (
    ADMINISTERING,
    ASKING_PROVIDERS,
    CHANGING,
    CHANGING_OWN,
    PUBLIC_ATTRIBUTE,
    READING,
    Rule,
    Rules,
    require,
)
from app.deliveries.recording import RECORDING_RUNS
from app.errors import Forbidden, Refusal
from app.service.schema import build_schema
from app.teams.access_tokens import OWN_TOKENS
from tests.graphql.tiny import caller

ROOT = Path(__file__).parent.parent
REVIEWED = ROOT / "tests/data/rules.txt"

TOLD = {
    "read, subscribe": READING,
    "read what a provider is asked for: channels, repositories and what is in them": ASKING_PROVIDERS,
    "`recordMonitorRun`": RECORDING_RUNS,
    "sign in at a provider; add, re-authenticate, check an installed app; add, re-authenticate an integration; `retryDelivery`": (
        CHANGING
    ),
    "edit, delete, pause, resume, test an integration": CHANGING_OWN,
    "rename an installed app": CHANGING_OWN,
    "add, edit a Git server's installed app, or one that holds a secret; delete any installed app; members": ADMINISTERING,
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
    "reauthenticateIntegrations": (CHANGING,),
    "retryDelivery": (CHANGING,),
    "editIntegration": (CHANGING_OWN,),
    "deleteIntegration": (CHANGING_OWN,),
    "pauseIntegration": (CHANGING_OWN,),
    "resumeIntegration": (CHANGING_OWN,),
    "testIntegration": (CHANGING_OWN,),
    "editInstalledApp": (CHANGING_OWN, ADMINISTERING),
    "deleteInstalledApp": (ADMINISTERING,),
    "addTeamMember": (ADMINISTERING,),
    "changeTeamMemberRole": (ADMINISTERING,),
    "removeTeamMember": (ADMINISTERING,),
    "createSignInLink": (ADMINISTERING,),
    "createAccessToken": (OWN_TOKENS,),
    "revokeAccessToken": (OWN_TOKENS,),
}


@pytest.fixture(scope="module")
def rules() -> Mapping[str, Rules]:
    return build_schema().rules


def test_the_rule_of_every_field_is_the_one_that_was_reviewed(rules: Mapping[str, Rules]) -> None:
    """A field that comes, goes or has another rule is a line of tests/data/rules.txt."""
    lines = [f"{name}: {'; or '.join(map(_message, of_field))}" for name, of_field in sorted(rules.items())]

    assert "\n".join(lines) + "\n" == REVIEWED.read_text("utf-8")


def test_mutations_have_the_rules_that_the_docs_tell(rules: Mapping[str, Rules]) -> None:
    declared = {name.removeprefix("Mutation."): of_field for name, of_field in rules.items() if name.startswith("Mutation.")}

    assert declared == MUTATIONS


def test_nothing_else_takes_more_than_reading_or_asking_a_provider(rules: Mapping[str, Rules]) -> None:
    reading = {name: of_field for name, of_field in rules.items() if not name.startswith("Mutation.")}

    assert set(reading.values()) == {(READING,), (ASKING_PROVIDERS,), (PUBLIC_ATTRIBUTE,)}
    assert {name for name, of_field in reading.items() if of_field == (ASKING_PROVIDERS,)} == {
        "Authorization.channels",
        "ConnectApi.definition",
        "InstalledApp.channels",
        "InstalledApp.repositories",
        "InstalledApp.repository",
        "Repository.branches",
        "Repository.entries",
        "Repository.file",
    }
    assert all(of_field == (READING,) for name, of_field in reading.items() if name.startswith(("Query.", "Subscription.")))


@pytest.mark.parametrize("role", Role)
def test_nobody_is_told_of_a_scope_that_no_token_of_theirs_can_have(rules: Mapping[str, Rules], role: Role) -> None:
    """Every field, as everybody, with every token that they can have: who lacks the role is told of the role alone."""
    wrong: list[str] = []
    for field, of_field in rules.items():
        for scopes in _sets_of(scopes_of(role)):
            said = _refusal_of(caller(role=role, scopes=scopes), of_field)
            named = {scope for scope in Scope if re.search(rf"scope .*\b{scope}\b", said)}
            may = any(rule.admits(role) for rule in of_field)
            if named - scopes_of(role) or (bool(said) and may == said.startswith("Your role in this team is")):
                wrong.append(f"{field} as {role} with {sorted(scopes)}: {said}")

    assert wrong == []


@pytest.mark.parametrize("role", [Role.MEMBER, Role.VIEWER])
def test_who_cannot_have_the_scope_is_told_to_come_with_a_browser(role: Role) -> None:
    said = _refusal_of(caller(role=role, scopes=scopes_of(role)), (OWN_TOKENS,))

    assert said == f"No access token of a {role} reaches that far, whatever its scopes: sign in with a browser."


def test_the_docs_tell_each_rule_in_its_words() -> None:
    part = (ROOT / "docs" / "permissions.md").read_text("utf-8").split("## Who may do what")[1].split("## ")[0]
    told = {what: (role, scopes) for what, role, scopes in re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", part, re.MULTILINE)}
    del told["what"], told["---"]

    assert told.keys() == TOLD.keys()
    for what, rule in TOLD.items():
        role, scopes = told[what]
        assert re.sub(r" who (made|set) it( up)?", "", role) == _roles(rule)
        assert scopes.removesuffix(", or a browser session") == ", ".join(rule.scopes)


def _refusal_of(caller: Caller, of_field: Rules) -> str:
    try:
        require(caller, *of_field)
    except (Forbidden, Refusal) as refused:
        return refused.message
    return ""


def _sets_of(scopes: Collection[Scope]) -> Iterator[frozenset[Scope]]:
    for size in range(len(scopes) + 1):
        yield from map(frozenset, combinations(scopes, size))


def _message(rule: Rule) -> str:
    role = rule.role if rule.others is None else f"{rule.role} (of others': {rule.others})"
    return f"{role} with {' or '.join(rule.scopes)}" if rule.scopes else "with the object"


def _roles(rule: Rule) -> str:
    return rule.role if rule.others is None else f"{rule.role}, or {rule.others}"

"""What somebody can mend at the provider is said in its own words, without addresses, and ends nothing."""

import pytest

from app.outbound import Outbound
from app.providers.catalogue import CATALOGUE
from app.providers.contract import Authorized, Failure, Fault
from app.providers.description import Provider
from tests.providers.git_servers import GITHUB, GITLAB, KINDS, Kind
from tests.providers.pasted import authorized_at
from tests.providers.scripted import door_to, http, scripted

CHECKED = [provider for provider in CATALOGUE.values() if provider.check is not None]
MENDABLE = [
    (
        GITLAB,
        ("403 Forbidden - Your password expired. Please access GitLab from a web browser to update your password."),
        ("GitLab says: “Your password expired. Please access GitLab from a web browser to update your password.”"),
    ),
    (
        GITLAB,
        (
            "403 Forbidden - You (@ada) must accept the Terms of Service in order to perform this action. To"
            " accept these terms, please access GitLab from a web browser at https://git.example/-/users/terms."
        ),
        (
            "GitLab says: “You (@ada) must accept the Terms of Service in order to perform this action. To"
            " accept these terms, please access GitLab from a web browser at …”"
        ),
    ),
    (
        GITLAB,
        "403 Forbidden - Your account is pending approval from your GitLab administrator and hence blocked.",
        "GitLab says: “Your account is pending approval from your GitLab administrator and hence blocked.”",
    ),
    (
        GITHUB,
        ("Resource protected by organization SAML enforcement. You must grant your OAuth token access to this organization."),
        (
            "GitHub says: “Resource protected by organization SAML enforcement. You must grant your OAuth token"
            " access to this organization.”"
        ),
    ),
    (
        GITHUB,
        (
            "Although you appear to have the correct authorization credentials, the `acme` organization has"
            " enabled OAuth App access restrictions. For how to enable this app, visit"
            " https://docs.github.com/articles/restricting-access/"
        ),
        (
            "GitHub says: “Although you appear to have the correct authorization credentials, the `acme`"
            " organization has enabled OAuth App access restrictions. For how to enable this app, visit …”"
        ),
    ),
    (
        GITHUB,
        (
            "Although you appear to have the correct authorization credentials, the `acme` organization has an"
            " IP allow list enabled."
        ),
        (
            "GitHub says: “Although you appear to have the correct authorization credentials, the `acme`"
            " organization has an IP allow list enabled.”"
        ),
    ),
]


@pytest.mark.parametrize(("kind", "said", "message"), MENDABLE)
async def test_what_can_be_mended_is_told_in_the_servers_words(kind: Kind, said: str, message: str) -> None:
    async with scripted(lambda _: http({"message": said}, status=403)) as there, door_to(there) as outbound:
        assert kind.provider.check is not None
        checked = await kind.provider.check(authorized=there.authorized(), outbound=outbound)
        found = await kind.hosting.find_repository(
            authorized=there.authorized(), repository_id=kind.repository_id, outbound=outbound
        )

    assert checked == found == Failure(Fault.REFUSED, message)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.provider.key)
async def test_however_much_a_server_says_it_is_one_short_line(kind: Kind) -> None:
    said = "Your password\n\u202eexpired\x00 " + "and so on " * 5_000

    async with scripted(lambda _: http({"message": said}, status=403)) as there, door_to(there) as outbound:
        assert kind.provider.check is not None
        failure = await kind.provider.check(authorized=there.authorized(), outbound=outbound)

    assert isinstance(failure, Failure)
    assert (failure.fault, len(failure.message) <= 300, failure.message.isprintable()) == (Fault.REFUSED, True, True)


@pytest.mark.parametrize("provider", CHECKED, ids=lambda one: one.key)
@pytest.mark.parametrize("status", [401, 407])
@pytest.mark.parametrize(
    "body",
    [b"<html><title>Sign in</title>", b"", b"Unauthorized", {"message": "Unauthorized"}, {"error": "unauthorized"}, {}, [], None],
)
async def test_a_sign_in_that_something_in_between_asks_for_ends_no_grant(provider: Provider, status: int, body: object) -> None:
    async def ask(authorized: Authorized, outbound: Outbound) -> object:
        assert provider.check is not None
        return await provider.check(authorized=authorized, outbound=outbound)

    async with scripted(lambda _: http(body, status=status)) as there, door_to(there) as outbound:
        failure = await ask(authorized_at(provider, there), outbound)

    assert isinstance(failure, Failure)
    assert failure.fault is Fault.BROKEN
    assert f"a proxy perhaps, asks for a sign-in of its own (HTTP {status})" in failure.message

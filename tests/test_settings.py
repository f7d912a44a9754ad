from pathlib import Path

import pytest

from app.errors import ConfigurationError
from app.settings import Settings, read_settings

THREE = "OIDC_ISSUER=https://id.example.com\nOIDC_AUDIENCE=us\nOIDC_TEAM_CLAIM=team\n"
NOT_ALL = "OIDC_ISSUER, OIDC_AUDIENCE and OIDC_TEAM_CLAIM are set all three, or none of them"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("OIDC_ISSUER=https://id.example.com", f"INSTALLED_APPS_*: {NOT_ALL}"),
        ("OIDC_AUDIENCE=us\nOIDC_TEAM_CLAIM=team", f"INSTALLED_APPS_*: {NOT_ALL}"),
        (f"{THREE}OIDC_CLIENT_ID=us", "INSTALLED_APPS_*: OIDC_CLIENT_ID and OIDC_CLIENT_SECRET are set both, or neither of them"),
        (
            f"{THREE}OIDC_CLIENT_SECRET=s3cret",
            "INSTALLED_APPS_*: OIDC_CLIENT_ID and OIDC_CLIENT_SECRET are set both, or neither of them",
        ),
        (
            "OIDC_CLIENT_ID=us\nOIDC_CLIENT_SECRET=s3cret",
            "INSTALLED_APPS_*: OIDC_CLIENT_ID and OIDC_CLIENT_SECRET need OIDC_ISSUER, OIDC_AUDIENCE and OIDC_TEAM_CLAIM",
        ),
        (
            THREE.replace("https://id.example.com", "http://id.example.com"),
            "INSTALLED_APPS_OIDC_ISSUER: must be https unless it is a loopback address",
        ),
        (
            THREE.replace("https://id.example.com", "id.example.com"),
            "INSTALLED_APPS_OIDC_ISSUER: must be an address such as https://apps.example.com",
        ),
        (
            THREE.replace("https://id.example.com", "https://id.example.com/?a=b"),
            "INSTALLED_APPS_OIDC_ISSUER: must be an address such as https://apps.example.com",
        ),
        (THREE.replace("=us", "="), "INSTALLED_APPS_OIDC_AUDIENCE: must not be empty: leave it out, or say what it is"),
    ],
)
def test_what_is_set_of_an_issuer_by_halves_or_wrongly_is_named_and_not_shown(tmp_path: Path, lines: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(tmp_path, lines)

    assert refused.value.message == words
    assert "s3cret" not in refused.value.message


@pytest.mark.parametrize("issuer", ["https://id.example.com", "https://id.example.com/", "https://id.example.com/realms/acme/"])
def test_an_issuer_is_kept_to_the_letter(tmp_path: Path, issuer: str) -> None:
    assert read(tmp_path, THREE.replace("https://id.example.com", issuer)).oidc_issuer == issuer


def read(folder: Path, lines: str) -> Settings:
    file = folder / "settings"
    file.write_text("".join(f"INSTALLED_APPS_{line}\n" for line in lines.splitlines()))
    return read_settings(env_file=file)

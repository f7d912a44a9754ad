"""Whose a grant at a Git server is."""

from dataclasses import replace

from app.providers._git.calls import Api
from app.providers._http.answers import shown, web_address
from app.providers.contract import Failure, Fault, Identity


def account_of(number: int, *, name: str, url: str | None) -> Identity:
    """Return the account of that number; its name can change."""
    return Identity(account_id=str(number), account_name=shown(name, otherwise=str(number)), url=web_address(url))


def explain_nobody(failure: Failure, *, api: Api) -> Failure:
    """Return why the server did not say whose a token is: whoever has one is somebody, so a TARGET_GONE is not the server's."""
    if failure.fault is not Fault.TARGET_GONE:
        return failure
    return replace(failure, fault=Fault.BROKEN, message=f"{api.server}'s API is not found at the server's address.")

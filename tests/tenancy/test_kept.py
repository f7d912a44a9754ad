"""What is compared before and after."""

from tests.tenancy.kept import NOTED, Rows, changes


def rows(**columns: object) -> Rows:
    return {"member": {1: tuple({"id": 1, **columns}.items())}}


def entry(number: int, kind: str) -> Rows:
    return {"event": {number: (("id", number), ("type", kind))}}


def test_rows_that_are_as_they_were_are_no_change() -> None:
    assert changes(rows(name="Ada"), rows(name="Ada")) == []


def test_every_new_gone_and_other_row_is_a_change() -> None:
    assert changes(rows(name="Ada", role="ADMIN"), rows(name="Bob", role="ADMIN")) == ["member 1: name"]
    assert changes({}, rows(name="Ada")) == ["member 1: is new"]
    assert changes(rows(name="Ada"), {}) == ["member 1: is gone"]


def test_only_what_asking_leaves_behind_may_pass() -> None:
    token: Rows = {"access_token": {1: (("id", 1), ("last_used_at", None))}}
    used: Rows = {"access_token": {1: (("id", 1), ("last_used_at", "now"))}}

    assert changes(token, used) == ["access_token 1: last_used_at"]
    assert changes(token, used, passing=NOTED) == []
    assert changes({}, entry(1, "REFUSED"), passing=NOTED) == []
    assert changes({}, entry(1, "REFUSED")) == ["event 1: is new"]
    assert changes({}, entry(1, "INTEGRATION_ADDED"), passing=NOTED) == ["event 1: is new"]
    assert changes(entry(1, "REFUSED"), {}, passing=NOTED) == ["event 1: is gone"]

from tests import migrations


async def test_the_migrations_make_what_the_models_say() -> None:
    assert list(await migrations.missing()) == []

"""The commands for teams, their members and their access tokens."""

from typing import Annotated
from uuid import UUID

import typer

from app.access.callers import Role, Scope
from app.console.output import print_all, print_line, with_services

team = typer.Typer(no_args_is_help=True, help="Teams.")
member = typer.Typer(no_args_is_help=True, help="A team's members.")
token = typer.Typer(no_args_is_help=True, help="Access tokens.")

TeamName = Annotated[str, typer.Option("--team", help="The team's name.")]
Email = Annotated[str, typer.Option(help="The member's e-mail address.")]
RoleOption = Annotated[Role, typer.Option(help="ADMIN, MEMBER or VIEWER.")]


@team.command("create")
def create_team(
    name: Annotated[str, typer.Argument(help="The team's name; unique.")],
    *,
    admin_name: Annotated[str, typer.Option(help="Its first Team Admin's name.")],
    admin_email: Annotated[str, typer.Option(help="Its first Team Admin's e-mail address.")],
) -> None:
    """Make a team with one Team Admin; prints its id."""
    from app.teams import console as teams

    print_line(
        with_services(
            lambda services: teams.create_team(name=name, admin_name=admin_name, admin_email=admin_email, services=services)
        )
    )


@team.command("list")
def list_teams() -> None:
    """List the teams: id, name."""
    from app.teams import console as teams

    print_all(with_services(lambda _: teams.list_teams()))


@member.command("add")
def add_member(
    *,
    team: TeamName,
    name: Annotated[str, typer.Option(help="The member's name.")],
    email: Email,
    role: RoleOption,
) -> None:
    """Add a member to a team; prints their id."""
    from app.teams import console as teams

    print_line(with_services(lambda services: teams.add_member(team=team, name=name, email=email, role=role, services=services)))


@member.command("list")
def list_members(*, team: TeamName) -> None:
    """List a team's members: id, role, e-mail address, name."""
    from app.teams import console as teams

    print_all(with_services(lambda _: teams.list_members(team=team)))


@member.command("role")
def change_role(*, team: TeamName, email: Email, role: RoleOption) -> None:
    """Give a member another role; prints their id."""
    from app.teams import console as teams

    print_line(with_services(lambda services: teams.change_role(team=team, email=email, role=role, services=services)))


@member.command("remove")
def remove_member(*, team: TeamName, email: Email) -> None:
    """Let a member leave: tokens, sessions and own authorizations end, what used those stops; prints their id."""
    from app.teams import console as teams

    print_line(with_services(lambda services: teams.remove_member(team=team, email=email, services=services)))


@token.command("list")
def list_tokens(
    *, team: TeamName, email: Annotated[str | None, typer.Option(help="One member's alone, by their e-mail address.")] = None
) -> None:
    """List the tokens in force: id, last four characters, owner, scopes, end, last use, name."""
    from app.teams import console as teams

    print_all(with_services(lambda services: teams.list_tokens(team=team, email=email, services=services)))


@token.command("revoke")
def revoke_token(
    token_id: Annotated[UUID, typer.Argument(metavar="ID", help="The token's id, as `token list` shows it.")], *, team: TeamName
) -> None:
    """Revoke a token at once, with the browser sessions that it opened; prints its id."""
    from app.teams import console as teams

    print_line(with_services(lambda services: teams.revoke_token(token_id, team=team, services=services)))


@token.command("create")
def create_token(
    *,
    team: TeamName,
    email: Email,
    scope: Annotated[
        list[Scope] | None, typer.Option(help="What it may do; every scope that the role allows when left out.")
    ] = None,
    days: Annotated[int | None, typer.Option(help="How many days it lives.")] = None,
    name: Annotated[str | None, typer.Option(help="What the lists of tokens call it; “Command line” when left out.")] = None,
) -> None:
    """Make an access token for a member; prints the token alone."""
    from app.teams import console as teams

    called = teams.TOKEN_NAME if name is None else name
    made = with_services(
        lambda services: teams.create_token(team=team, email=email, scopes=scope or (), days=days, name=called, services=services)
    )
    print_line(made.reveal())


def make_sign_in_link(*, team: TeamName, email: Email) -> None:
    """Print a link that signs a browser in once, within ten minutes."""
    from app.teams import console as teams

    print_line(with_services(lambda services: teams.make_sign_in_link(team=team, email=email, services=services)).reveal())

"""Comparing what was said with what holds, and recording the difference: once, whoever finds it, in a change of the team."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from tortoise.models import Model

from app.forecasts.causes import Prospect
from app.forecasts.events import InstalledAppWillNotStop, InstalledAppWillStop, IntegrationWillNotStop, IntegrationWillStop
from app.forecasts.models import Forecast
from app.forecasts.standing import Subject, has_stopped, prospects_of
from app.forecasts.steps import is_time, next_step, stage_at
from app.installed_apps.models import InstalledApp
from app.log.events import Change
from app.services import Services
from app.storage import database
from app.storage.scheduling import Schedule

LOOKS = Schedule("next_forecast_at", every=timedelta(days=1), jitter=timedelta(hours=3))


@dataclass(frozen=True)
class News:
    """What was said and no longer holds; and what is to be said, with its row where it was said a step earlier."""

    over: Sequence[Forecast]
    due: Sequence[tuple[Prospect, Forecast | None]]


def compare(said: Sequence[Forecast], found: Collection[Prospect], *, now: datetime, is_stopped: bool) -> News:
    """Return what to say. Nothing is said of what has stopped, and what was said of it before is not said again afterwards."""
    begun = {(each.code, each.at): each for each in found if is_time(each, now=now)}
    kept = {(row.code, row.at): row for row in said if (row.code, row.at) in begun}
    is_due = {key: key not in kept or stage_at(each.at, now=now) > kept[key].stage for key, each in begun.items()}
    due = [(each, kept.get(key)) for key, each in begun.items() if is_due[key] and not is_stopped]
    return News([row for row in said if (row.code, row.at) not in kept], due)


async def look(subject: Subject, *, services: Services) -> None:
    """Say what has become known of it, or of its date, since it was last looked at; and set when to look next."""
    now = services.clock.now()
    said = await Forecast.filter(subject_id=subject.id)
    found = await prospects_of(subject, now=now)
    news = compare(said, found.values(), now=now, is_stopped=has_stopped(subject))
    if news.over or news.due:
        await services.events.change(subject.team_id, lambda change: review(change, subject))
        return
    table: type[Model] = type(subject)
    as_read = table.filter(id=subject.id, next_forecast_at=subject.next_forecast_at)
    await database.update(as_read, next_forecast_at=_next_look(subject, found.values(), now=now))


async def review(change: Change, subject: Subject) -> None:
    """The same within a change, of the row as it is there. Serial in a team: what one has said no other says again."""
    fresh = await type(subject).get(id=subject.id)
    if fresh.is_deleted:
        return
    found = await prospects_of(fresh, now=change.now)
    said = await Forecast.filter(team_id=change.team_id, subject_id=fresh.id).order_by("code")
    news = compare(said, found.values(), now=change.now, is_stopped=has_stopped(fresh))
    for row in news.over:
        await _take_back(change, fresh, row)
    for prospect, kept in news.due:
        await _say(change, fresh, prospect, kept)
    next_look = _next_look(fresh, found.values(), now=change.now)
    await type(fresh).filter(id=fresh.id).update(next_forecast_at=next_look)


async def _say(change: Change, subject: Subject, prospect: Prospect, kept: Forecast | None) -> None:
    row = kept or Forecast(id=uuid4(), team_id=change.team_id, subject_id=subject.id, code=prospect.code, at=prospect.at)
    row.stage, row.message, row.told_at = stage_at(prospect.at, now=change.now), prospect.message, change.now
    await row.save(force_create=kept is None)
    will_stop = InstalledAppWillStop if isinstance(subject, InstalledApp) else IntegrationWillStop
    await change.record(will_stop(subject.id, subject.name, prospect.message))


async def _take_back(change: Change, subject: Subject, row: Forecast) -> None:
    """Forget what was said, and say so; not of what has stopped, which says more."""
    await row.delete()
    if not has_stopped(subject):
        will_not = InstalledAppWillNotStop if isinstance(subject, InstalledApp) else IntegrationWillNotStop
        await change.record(will_not(subject.id, subject.name, row.message))


def _next_look(subject: Subject, found: Collection[Prospect], *, now: datetime) -> datetime:
    """Return when there may be more to say: at the next step of a date that is known, and every day."""
    daily, step = LOOKS.next(subject.id, now=now), next_step(found, now=now)
    return daily if step is None else min(daily, step)

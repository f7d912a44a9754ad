"""The alert rules and the dashboard name nothing that is not measured."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from app.integrations.models import IntegrationStatus
from app.service.background import JOBS
from app.service.metrics import gauges
from app.storage.outages import GIVEN_UP, TRIED_AGAIN
from app.telemetry.meters import PREFIX, Meters

OPERATIONS = Path(__file__).parents[2] / "operations"
ALERTS = yaml.safe_load((OPERATIONS / "alerts.yaml").read_text("utf-8"))
DASHBOARD = json.loads((OPERATIONS / "dashboard.json").read_text("utf-8"))

METRIC = re.compile(rf"{PREFIX}_\w+")
SELECTOR = re.compile(rf"(?:{PREFIX}_\w+)\{{([^}}]*)\}}")
VALUES = {
    "status": {status.value for status in IntegrationStatus},
    "then": {TRIED_AGAIN, GIVEN_UP},
    "job": {job.name for job in JOBS},
}


def rules() -> list[dict[str, str]]:
    return [rule for group in ALERTS["groups"] for rule in group["rules"]]


def expressions() -> list[str]:
    panels = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return [*(rule["expr"] for rule in rules()), *panels]


def measured() -> dict[str, set[str]]:
    """Return the labels of every sample that can be measured, by its name."""
    found: dict[str, set[str]] = {}
    for name, kind, labels in (*Meters().described(), *gauges()):
        suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(kind, ("",))
        for suffix in suffixes:
            found[f"{name}{suffix}"] = set(labels) | ({"le"} if suffix == "_bucket" else set())
    return found


def labels_of(expression: str) -> Iterator[str]:
    for inside in SELECTOR.findall(expression):
        yield from re.findall(r"(\w+)(?:=~|!~|!=|=)", inside)
    for listed in re.findall(r"\bby \(([^)]*)\)", expression):
        yield from (name.strip() for name in listed.split(","))


def test_every_metric_that_they_name_is_measured_with_these_labels() -> None:
    known = measured()
    for expression in expressions():
        names = METRIC.findall(expression)
        assert names, expression
        assert set(names) <= known.keys(), expression
        assert set(labels_of(expression)) <= set.union(*(known[name] for name in names)), expression


def test_every_value_that_they_name_can_be_one() -> None:
    named = [
        (label, value)
        for expression in expressions()
        for inside in SELECTOR.findall(expression)
        for label, values in re.findall(r'(\w+)(?:=~|!~|!=|=)"([^"]*)"', inside)
        for value in values.split("|")
    ]

    assert len(named) >= 5
    assert [(label, value) for label, value in named if value not in VALUES[label]] == []


def test_what_is_written_on_them_names_labels_that_the_expression_keeps() -> None:
    texts = [(rule["expr"], json.dumps(rule["annotations"])) for rule in rules()]
    texts += [(target["expr"], target["legendFormat"]) for panel in DASHBOARD["panels"] for target in panel["targets"]]

    for expression, text in texts:
        named = set(re.findall(r"\{\{ ?(?:\$labels\.)?(\w+) ?\}\}", text))
        assert named <= {*labels_of(expression)}, text


def test_everything_that_is_measured_is_shown() -> None:
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for expression in expressions() for name in METRIC.findall(expression)}

    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in measured()} == shown


def test_one_rule_tells_of_integrations_that_stopped() -> None:
    [rule] = [rule for rule in rules() if f"{PREFIX}_integrations" in rule["expr"]]

    assert {"NEEDS_REAUTHENTICATION", "FAILING", "UNAVAILABLE"} <= set(re.findall(r"[A-Z_]{6,}", rule["expr"]))

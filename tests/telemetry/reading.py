"""Prometheus' text format, read by the parser that its own library has."""

from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from app.telemetry.meters import Meters

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read_samples(text: str) -> Samples:
    """Return every sample's value by its name, without `installed_apps_`, and its labels."""
    return {
        (sample.name.removeprefix("installed_apps_"), frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def read_meters(meters: Meters) -> Samples:
    return read_samples(meters.exposition(CollectorRegistry()).decode())


def value_of(samples: Samples, name: str, **labels: str) -> float | None:
    """Return the sample's value; None where there is none."""
    return samples.get((name, frozenset(labels.items())))

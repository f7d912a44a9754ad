"""GitHub's own OpenAPI description, asked for what Prism lets pass: parameters and fields that GitHub does not know."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

_PARAMETER = re.compile(r"\{[^}]+\}")


@dataclass(frozen=True)
class Description:
    """The parsed file, and a pattern for each path in it: the more literal ones first."""

    document: Mapping[str, Any] = field(repr=False)
    paths: tuple[tuple[re.Pattern[str], str], ...] = field(repr=False)

    def strangers(self, method: str, path: str, *, query: Iterable[str], fields: Iterable[str]) -> Iterator[str]:
        """Yield a sentence for each query parameter and top-level field that the operation does not declare.

        Nothing for an operation that is not described: Prism refuses those itself.
        """
        template = next((name for pattern, name in self.paths if pattern.fullmatch(path)), None)
        item = self.document["paths"].get(template, {})
        if not (operation := item.get(method.lower())):
            return
        parameters = [self._resolved(given) for given in (*item.get("parameters", ()), *operation.get("parameters", ()))]
        declared = {parameter["name"] for parameter in parameters if parameter["in"] == "query"}
        yield from (f"query parameter {name} is not described" for name in query if name not in declared)
        yield from self._strange_fields(operation, fields)

    def _strange_fields(self, operation: Mapping[str, Any], fields: Iterable[str]) -> Iterator[str]:
        body = self._resolved(operation.get("requestBody", {})).get("content", {}).get("application/json", {})
        schema = self._resolved(body.get("schema", {}))
        if not schema.keys() & {"oneOf", "anyOf", "allOf"} and not schema.get("additionalProperties"):
            yield from (f"field {name} is not described" for name in fields if name not in schema.get("properties", {}))

    def _resolved(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        reference = given.get("$ref")
        if reference is None:
            return given
        found: Any = self.document
        for name in reference.removeprefix("#/").split("/"):
            found = found[name]
        return self._resolved(found)


def read_description(file: Path) -> Description:
    document = orjson.loads(file.read_bytes())
    names = sorted(document["paths"], key=lambda name: (name.count("{"), name))
    return Description(document, tuple((re.compile(_pattern(name)), name) for name in names))


def _pattern(template: str) -> str:
    return "[^/]+".join(re.escape(literal) for literal in _PARAMETER.split(template))

"""Imports point down: from what a request meets first to the ground that knows nothing above it, and never in a circle."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

APP = Path(__file__).parent.parent / "app"

TOPS = ("__main__", "console", "service", "migrations")
"""The tables of contents and what starts the service: above all capabilities."""

CAPABILITIES = (
    "activity",
    "deliveries",
    "integrations",
    "repositories",
    "installed_apps",
    "sign_ins",
    "monitors",
    "catalogue",
    "teams",
    "graphql",
    "access",
)
OUTSIDE = ("providers",)
GROUND_FOLDERS = ("oidc", "web", "outbound", "log", "redis", "sealing", "storage", "telemetry", "text")
SANDBOX = "sandbox"
CATALOGUE = "app.providers.catalogue"
SANDBOX_MAY_IMPORT = {"app.clock", "app.settings"}

_MODULE = re.compile(r"app(?:\.[a-z_]+)+")


def test_every_import_points_down() -> None:
    floors = {room: height for height, room in enumerate(reversed((*TOPS, *CAPABILITIES, *OUTSIDE)), start=1)}

    upward = [
        f"{module} -> {imported}"
        for module, imported in _imports()
        if SANDBOX not in (_room(module), _room(imported))
        and _room(module) not in TOPS
        and floors.get(_room(imported), 0) > floors.get(_room(module), 0)
    ]

    assert upward == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph: dict[str, set[str]] = {}
    for module, imported in _imports():
        graph.setdefault(module, set()).add(imported)

    assert [circle for module in graph if (circle := _circle(graph, module))] == []


def test_the_sandbox_imports_nothing_of_the_service_but_its_clock_and_settings() -> None:
    imported = {one for module, one in _imports() if _room(module) == SANDBOX and _room(one) != SANDBOX}

    assert imported <= SANDBOX_MAY_IMPORT


def test_only_the_command_line_imports_the_sandbox() -> None:
    importers = {_room(module) for module, one in _imports() if _room(one) == SANDBOX}

    assert importers <= {SANDBOX, "console", "__main__"}


def test_no_provider_imports_another() -> None:
    across = [
        f"{module} -> {imported}"
        for module, imported in _imports()
        if _provider(module) != _provider(imported) and _provider(module) and _provider(imported)
    ]

    assert across == []


def test_only_the_catalogue_names_a_provider() -> None:
    named = [
        f"{module} -> {imported}"
        for module, imported in _imports()
        if _provider(imported) and not _provider(module) and module not in {CATALOGUE, "app.__main__"}
    ]

    assert named == []


def test_every_room_is_known() -> None:
    folders = {path.name for path in APP.iterdir() if (path / "__init__.py").exists()}

    assert folders <= {*TOPS, *CAPABILITIES, *OUTSIDE, *GROUND_FOLDERS, SANDBOX}


def _imports() -> Iterator[tuple[str, str]]:
    """Every (module, imported module) of app/: at the top, in functions, under TYPE_CHECKING, and in strings that name one."""
    modules = {_name(path): path for path in APP.rglob("*.py") if "migrations" not in path.parts}
    for name, path in modules.items():
        for text in _named_in(
            ast.parse(path.read_text()), package=name if path.name == "__init__.py" else name.rpartition(".")[0]
        ):
            imported = text if text in modules else text.rpartition(".")[0]
            if imported in modules and imported not in {name, "app"}:
                yield name, imported


def _named_in(tree: ast.Module, *, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                base = ".".join(filter(None, [package if level else "", module or ""]))
                yield from (f"{base}.{alias.name}" for alias in names)
            case ast.Constant(value=str() as text) if _MODULE.fullmatch(text):
                yield text


def _name(path: Path) -> str:
    parts = path.relative_to(APP.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _room(module: str) -> str:
    return module.split(".")[1]


def _provider(module: str) -> str:
    """The provider that a module is of, or nothing: folders with an underscore before their names are what several share."""
    match module.split("."):
        case ["app", "providers", folder, *_] if (APP / "providers" / folder).is_dir() and not folder.startswith("_"):
            return folder
        case _:
            return ""


def _circle(graph: dict[str, set[str]], start: str) -> list[str]:
    """Return a way from `start` back to itself, if there is one."""
    trail: list[tuple[str, list[str]]] = [(start, [start])]
    seen: set[str] = set()
    while trail:
        module, way = trail.pop()
        for imported in graph.get(module, ()):
            if imported == start:
                return [*way, start]
            if imported not in seen:
                seen.add(imported)
                trail.append((imported, [*way, imported]))
    return []

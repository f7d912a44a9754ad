"""What the code of a package says of its own structure: who imports whom, and which names stand where."""

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_MODULE = re.compile(r"app(?:\.[a-z_]+)+")


@dataclass(frozen=True)
class Import:
    """`module` imports `imported`, both of the package: at its top, in a function, under TYPE_CHECKING, or by a string."""

    module: str
    imported: str

    def __str__(self) -> str:
        return f"{self.module} -> {self.imported}"


def imports_of(app: Path) -> list[Import]:
    """Return every import from one module of the package `app` to another. Migrations stand for themselves."""
    modules = {_name(path, app): path for path in sorted(app.rglob("*.py")) if "migrations" not in path.parts}
    return [
        Import(name, imported)
        for name, path in modules.items()
        for text in _named_in(ast.parse(path.read_text("utf-8")), package=_package(name, path))
        if (imported := text if text in modules else text.rpartition(".")[0]) in modules and imported not in {name, "app"}
    ]


def find_upward(imports: Collection[Import], *, floors: Mapping[str, int]) -> list[str]:
    """Return the imports from a room to one above it. `floors` are the rooms' heights; what has none is the ground."""
    return [str(one) for one in imports if floors.get(room_of(one.imported), 0) > floors.get(room_of(one.module), 0)]


def find_circle(imports: Collection[Import]) -> list[str]:
    """Return a way from a module back to itself; nothing where there is none."""
    graph: dict[str, set[str]] = {}
    for one in imports:
        graph.setdefault(one.module, set()).add(one.imported)
    return next((circle for module in graph if (circle := _circle(graph, module))), [])


def find_outside_rooms(app: Path, *, rooms: Collection[str], beside: Collection[str]) -> list[str]:
    """Return the modules that lie in no known room, and the folders that are none. `beside` are files that need no room."""
    files = {path.name for path in app.glob("*.py")} - set(beside)
    folders = {path.name for path in app.iterdir() if any(path.glob("**/*.py"))} - set(rooms)
    return sorted(files | folders)


def find_strings(app: Path, *, of: Collection[str], allowed: Collection[str]) -> list[str]:
    """Return where one of these texts stands as a string of its own. `allowed` are the files that may, relative to `app`."""
    return [
        f"{where}: {node.value}"
        for path in sorted(app.rglob("*.py"))
        if (where := path.relative_to(app).as_posix()) not in allowed and "migrations" not in path.parts
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in of
    ]


def find_folders(app: Path, *rooms: str) -> list[str]:
    """Return the packages in this one of `app`, without those (an underscore before the name) that several of them share."""
    inside = app.joinpath(*rooms)
    return sorted(".".join(("app", *rooms, path.name)) for path in inside.iterdir() if path.is_dir() and path.name[0] not in "_.")


def find_across(imports: Collection[Import], *, folders: Collection[str]) -> list[str]:
    """Return the imports from one of these packages to another of them."""
    ends = [(one, _folder(one.module, folders), _folder(one.imported, folders)) for one in imports]
    return [str(one) for one, here, there in ends if here and there and here != there]


def find_named(imports: Collection[Import], *, folders: Collection[str], allowed: Collection[str]) -> list[str]:
    """Return the imports of one of these packages from outside of all of them. `allowed` are the modules that may."""
    outside = [one for one in imports if not _folder(one.module, folders) and one.module not in allowed]
    return [str(one) for one in outside if _folder(one.imported, folders)]


def find_words(app: Path, *, words: Collection[str], allowed: Collection[str]) -> list[str]:
    """Return the lines in which one of the words stands, whatever its case, as code or as text.

    `allowed` are the files and folders (ending in /) that may have them, relative to `app`.
    """
    wanted = re.compile("|".join(sorted(words)), re.IGNORECASE)
    return [
        f"{where}:{number}: {line.strip()}"
        for path in sorted(app.rglob("*.py"))
        if (where := path.relative_to(app).as_posix()) not in allowed
        and not any(where.startswith(folder) for folder in allowed if folder.endswith("/"))
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if wanted.search(line)
    ]


def room_of(module: str) -> str:
    return module.split(".")[1]


def _folder(module: str, folders: Collection[str]) -> str | None:
    return next((folder for folder in folders if module == folder or module.startswith(f"{folder}.")), None)


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


def _name(path: Path, app: Path) -> str:
    parts = path.relative_to(app.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _package(name: str, path: Path) -> str:
    return name if path.name == "__init__.py" else name.rpartition(".")[0]


def _circle(graph: Mapping[str, Collection[str]], start: str) -> list[str]:
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

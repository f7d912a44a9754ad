"""What requirements/ locks: all that pyproject.toml asks for and all that this needs, to the version and to the file."""

import ast
import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
LOCKS = {path.stem: path for path in (ROOT / "requirements").glob("*.txt")}
PEERS = ROOT / "tests" / "peers" / "python_programs"
LOADED_BY_NAME = {"uvloop"}
"""By uvicorn, where it is there."""
HALVES = {"pydantic_core"}
"""Of a package that needs exactly this version of them."""

_ENTRY = re.compile(r"(?P<requirement>[\w.-]+==[\w.+!-]+(?: ; [^\\\n]+)?) \\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+")


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_what_is_asked_for(name: str) -> None:
    assert lacking(locked(LOCKS[name]), asked(name)) == []


def test_the_lock_of_the_peers_has_what_is_asked_for() -> None:
    wanted = [Requirement(line) for line in (PEERS / "requirements.in").read_text().splitlines()]

    assert lacking(locked(PEERS / "requirements.txt"), wanted) == []


@pytest.mark.parametrize(
    ("wanted", "lacked"),
    [
        ("uvicorn>=999", ["uvicorn>=999"]),
        ("uvicorn<0.1", ["uvicorn<0.1"]),
        ("nothing-of-ours", ["nothing-of-ours"]),
        ("Prometheus_Client", []),
        ('nothing-of-ours; python_version < "3.11"', []),
    ],
)
def test_what_a_lock_lacks_is_found(wanted: str, lacked: list[str]) -> None:
    assert lacking(locked(LOCKS["serving"]), [Requirement(wanted)]) == lacked


@pytest.mark.parametrize("path", [*LOCKS.values(), PEERS / "requirements.txt"], ids=lambda path: path.parent.name + path.stem)
def test_a_lock_holds_versions_and_hashes_and_nothing_else(path: Path) -> None:
    """No address of an index and no option: where packages come from is for whoever installs to say."""
    text = path.read_text()

    assert [line for line in _ENTRY.sub("", text).splitlines() if not line.startswith("#")] == []
    assert "//" not in text


def test_what_serves_is_what_was_developed_with() -> None:
    serving, traces, developing = [set(entries(LOCKS[name])) for name in ("serving", "traces", "developing")]

    assert serving < traces < developing


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_all_that_its_own_packages_need(name: str) -> None:
    versions = locked(LOCKS[name])

    for package in versions:
        needed = [Requirement(line) for line in metadata.requires(package) or ()]
        assert lacking(versions, needed) == [], package


def test_the_tests_run_on_the_locked_versions() -> None:
    versions = locked(LOCKS["developing"])

    assert {package: metadata.version(package) for package in versions} == versions


def test_what_the_service_imports_is_what_it_asks_for() -> None:
    owners = {module: {canonicalize_name(name) for name in names} for module, names in metadata.packages_distributions().items()}
    imported = [owners[module] for module in imports() & owners.keys() - {"app", *HALVES}]
    wanted = {canonicalize_name(each.name) for each in asked("traces")} - {"setuptools"}

    assert [each for each in imported if not each & wanted] == []
    assert wanted - set().union(*imported) == LOADED_BY_NAME


@pytest.mark.processes
@pytest.mark.parametrize(("changed", "is_installed"), [(False, True), (True, False)])
def test_a_file_with_another_hash_is_refused(tmp_path: Path, *, changed: bool, is_installed: bool) -> None:
    wheel = make_wheel(tmp_path / "shelf", "leaf")
    digest = hashlib.sha256(wheel.read_bytes() + b"changed" * changed).hexdigest()
    checkout = make_checkout(tmp_path / "checkout", f"leaf==1.0 \\\n    --hash=sha256:{digest}\n")

    done = install(checkout, shelf=tmp_path / "shelf")

    assert (done.returncode == 0) == is_installed, done.stderr
    assert ("DO NOT MATCH THE HASHES" in done.stderr) == (not is_installed)
    assert (checkout / ".venv" / ".installed-serving").exists() == is_installed
    assert [path.name for path in checkout.glob(".venv/lib/*/site-packages/leaf.py")] == ["leaf.py"] * is_installed


@pytest.mark.processes
def test_what_has_no_hash_is_refused(tmp_path: Path) -> None:
    make_wheel(tmp_path / "shelf", "leaf")
    checkout = make_checkout(tmp_path / "checkout", "leaf==1.0\n")

    done = install(checkout, shelf=tmp_path / "shelf")

    assert done.returncode != 0
    assert "Hashes are required in --require-hashes mode" in done.stderr


def asked(name: str) -> list[Requirement]:
    """Return what pyproject.toml asks for under the name of a lock."""
    whole: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    lines = [*whole["build-system"]["requires"], *whole["project"]["dependencies"]]
    if name != "serving":
        lines += whole["project"]["optional-dependencies"]["traces"]
    if name == "developing":
        lines += whole["dependency-groups"]["dev"]
    return [Requirement(line) for line in lines]


def entries(path: Path) -> Iterator[str]:
    return (found[0].replace(" \\\n", "\n") for found in _ENTRY.finditer(path.read_text()))


def locked(path: Path) -> dict[str, str]:
    """Return the versions that are for this machine and this Python."""
    found = [Requirement(match["requirement"]) for match in _ENTRY.finditer(path.read_text())]
    return {
        canonicalize_name(each.name): str(each.specifier).removeprefix("==")
        for each in found
        if each.marker is None or each.marker.evaluate()
    }


def lacking(versions: Mapping[str, str], wanted: Iterable[Requirement]) -> list[str]:
    return [
        str(each)
        for each in wanted
        if each.marker is None or each.marker.evaluate({"extra": ""})
        if (version := versions.get(canonicalize_name(each.name))) is None or not each.specifier.contains(version)
    ]


def imports() -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found


def make_wheel(folder: Path, name: str) -> Path:
    """Make a package of one empty module."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-1.0-py3-none-any.whl"
    files = {
        f"{name}.py": "",
        f"{name}-1.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{name}-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    sums = {
        file: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
        for file, text in files.items()
    }
    record = "".join(f"{file},sha256={sums[file]},{len(text)}\n" for file, text in files.items())
    with zipfile.ZipFile(path, "w") as wheel:
        for file, text in {**files, f"{name}-1.0.dist-info/RECORD": f"{record}{name}-1.0.dist-info/RECORD,,\n"}.items():
            wheel.writestr(file, text)
    return path


def make_checkout(folder: Path, lock: str) -> Path:
    """Make one whose project needs nothing to be built: it hands out a wheel that is there."""
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    (folder / "requirements").mkdir()
    (folder / "requirements" / "serving.txt").write_text(lock)
    built = make_wheel(folder, "project")
    (folder / "backend.py").write_text(
        f"import shutil\ndef build_editable(folder, *_):\n    shutil.copy({str(built)!r}, folder)\n    return {built.name!r}\n"
    )
    (folder / "pyproject.toml").write_text('[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n')
    return folder


def install(checkout: Path, *, shelf: Path) -> subprocess.CompletedProcess[str]:
    told = {
        **os.environ,
        "PYTHON": sys.executable,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(shelf),
        "PIP_CONFIG_FILE": os.devnull,
    }
    return subprocess.run(  # noqa: S603 - our own script
        [checkout / "scripts" / "install", "serving"], env=told, capture_output=True, text=True, check=False
    )

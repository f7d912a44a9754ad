"""Git's own objects: blobs, trees and commits, under the names that Git itself would give them."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal

Mode = Literal["100644", "100755", "120000", "160000", "040000"]
Type = Literal["blob", "tree", "commit"]


@dataclass(frozen=True)
class Leaf:
    """What stands at a path: a file, a link (`content` is its target) or a submodule (`commit` is where it points)."""

    content: bytes = b""
    mode: Mode = "100644"
    commit: str | None = None

    @property
    def type(self) -> Type:
        return "blob" if self.commit is None else "commit"

    @cached_property
    def sha(self) -> str:
        return self.commit or _name("blob", self.content)


@dataclass(frozen=True)
class Entry:
    """A line of a tree. `size` is None for what has none."""

    path: str
    mode: Mode
    type: Type
    sha: str
    size: int | None

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class Tree:
    """A directory: its entries in Git's order."""

    path: str
    sha: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Snapshot:
    """All files of a moment, by their paths."""

    leaves: Mapping[str, Leaf]

    @cached_property
    def trees(self) -> Mapping[str, Tree]:
        """Every directory by its path; the root is ""."""
        return {tree.path: tree for tree in _trees("", self.leaves)}

    @property
    def root(self) -> Tree:
        return self.trees[""]

    def under(self, path: str) -> Iterator[Entry]:
        """Yield the directory's entries and those of all directories in it, each after the directory that it is in."""
        for entry in self.trees[path].entries:
            yield entry
            if entry.type == "tree":
                yield from self.under(entry.path)

    def leaf_named(self, sha: str) -> Leaf | None:
        return next((each for each in self.leaves.values() if each.sha == sha and each.type == "blob"), None)

    def tree_named(self, sha: str) -> Tree | None:
        return next((each for each in self.trees.values() if each.sha == sha), None)


@dataclass(frozen=True)
class Commit:
    """A moment of a repository; `author` is "Name <address>"."""

    snapshot: Snapshot
    message: str
    author: str
    at: datetime
    parent: str | None = None

    @cached_property
    def sha(self) -> str:
        moment = f"{self.author} {int(self.at.timestamp())} +0000"
        parent = "" if self.parent is None else f"parent {self.parent}\n"
        text = f"tree {self.snapshot.root.sha}\n{parent}author {moment}\ncommitter {moment}\n\n{self.message}\n"
        return _name("commit", text.encode())

    @property
    def author_name(self) -> str:
        return self.author.partition(" <")[0]

    @property
    def author_email(self) -> str:
        return self.author.partition(" <")[2].removesuffix(">")


def _trees(directory: str, leaves: Mapping[str, Leaf]) -> Iterator[Tree]:
    """Yield the directory's own tree last, after all within it."""
    entries: list[Entry] = []
    inside: dict[str, dict[str, Leaf]] = {}
    for path, leaf in leaves.items():
        first, _, rest = path[len(directory) :].partition("/")
        if rest:
            inside.setdefault(f"{directory}{first}", {})[path] = leaf
        else:
            entries.append(Entry(path, leaf.mode, leaf.type, leaf.sha, len(leaf.content) if leaf.type == "blob" else None))
    for path, below in inside.items():
        trees = list(_trees(f"{path}/", below))
        yield from trees
        entries.append(Entry(path, "040000", "tree", trees[-1].sha, None))
    entries.sort(key=lambda each: (each.name + ("/" if each.type == "tree" else "")).encode())
    lines = (f"{each.mode.lstrip('0')} {each.name}\0".encode() + bytes.fromhex(each.sha) for each in entries)
    yield Tree(directory.rstrip("/"), _name("tree", b"".join(lines)), tuple(entries))


def _name(kind: str, content: bytes) -> str:
    return hashlib.sha1(f"{kind} {len(content)}\0".encode() + content, usedforsecurity=False).hexdigest()

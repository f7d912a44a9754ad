"""The names that Git itself gives to the same objects (`git hash-object`, `git write-tree`, `git commit-tree`)."""

from datetime import UTC, datetime

from app.sandbox.git_objects import Commit, Leaf, Snapshot


def test_a_blob_is_named_as_git_names_it() -> None:
    assert Leaf().sha == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    assert Leaf(b"hi\n").sha == "45b983be36b73c0788dc9cbcb76cbb80fc7bb057"


def test_a_tree_is_named_as_git_names_it_with_directories_sorted_as_if_they_ended_in_a_slash() -> None:
    snapshot = Snapshot({"a/b/c": Leaf(b"hi\n"), "a0/z": Leaf(b"y\n"), "a.b": Leaf(b"x\n")})

    assert Snapshot({}).root.sha == "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    assert snapshot.root.sha == "c262e9fa1aa07120edd8293ac029751eb5720b44"
    assert [each.name for each in snapshot.root.entries] == ["a.b", "a", "a0"]


def test_a_commit_is_named_as_git_names_it() -> None:
    at = datetime(2025, 3, 1, 9, tzinfo=UTC)
    first = Commit(Snapshot({}), "Begin", "Ada Lovelace <ada@sandbox.example>", at)

    assert first.sha == "4934b0dcb26963b50c97cedfff5eb54d65ebc189"
    assert Commit(Snapshot({}), "Go on", first.author, at, first.sha).sha == "eafbb358f21c2ef24fecb101608028a4a096cf11"

"""The service with somebody in it who counts: at SIGUSR1 it writes down what is alive in it.

`COUNTED=FILE python -m tests.journeys.counted serve …` is `python -m app serve …`. The file is complete when it is there.
"""

import asyncio
import functools
import gc
import json
import os
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FILE = "COUNTED"

_CACHE = type(functools.cache(len))
_SIZED = (dict, list, set, tuple)
_DEQUE = "collections.deque"


@dataclass(frozen=True)
class Counts:
    """`tasks` by the name of what they run; `objects` by type; `held`: how much our own objects' and modules' containers hold.

    `blocks` are the pieces of memory that Python has handed out; `spared` the objects that were out of the collector's sight.
    """

    tasks: dict[str, int]
    objects: dict[str, int]
    held: dict[str, int]
    blocks: int
    spared: int


def count() -> Counts:
    spared = gc.get_freeze_count()
    gc.unfreeze()
    gc.collect()
    gc.unfreeze()  # a long collection takes all that is left out of sight
    blocks = sys.getallocatedblocks()
    alive = gc.get_objects()
    gc.freeze()
    return Counts(
        blocks=blocks,
        spared=spared,
        tasks=dict(Counter(_name_of(each) for each in alive if issubclass(type(each), asyncio.Task) and not each.done())),
        objects=dict(Counter(map(_type_of, alive))),
        held={name: number for name, number in _sum(_held_by(alive)).items() if number},
    )


def write_down(file: Path) -> None:
    ready = file.with_suffix(".new")
    ready.write_text(json.dumps(asdict(count())))
    ready.replace(file)


def _name_of(task: "asyncio.Task[Any]") -> str:
    running = task.get_coro()
    return str(getattr(running, "__qualname__", running))


def _type_of(thing: object) -> str:
    return f"{type(thing).__module__}.{type(thing).__qualname__}"


def _sum(held: Iterable[tuple[str, int]]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for name, number in held:
        sums[name] += number
    return sums


def _held_by(alive: Iterable[Any]) -> Iterator[tuple[str, int]]:
    for each in alive:
        if _is_ours(type(each).__module__):
            yield from ((f"{_type_of(each)}.{name}", len(value)) for name, value in _attributes(each) if _is_container(value))
        elif type(each) is _CACHE:
            named = getattr(each, "__qualname__", "something")
            yield f"the cache of {named}", each.cache_info().currsize
    for name, module in list(sys.modules.items()):
        if _is_ours(name):
            yield from ((f"{name}.{called}", len(value)) for called, value in list(vars(module).items()) if _is_container(value))


def _is_ours(module: object) -> bool:
    return isinstance(module, str) and (module == "app" or module.startswith("app."))


def _attributes(thing: object) -> list[tuple[str, Any]]:
    return list(getattr(thing, "__dict__", {}).items())


def _is_container(value: object) -> bool:
    return isinstance(value, _SIZED) or _type_of(value).startswith((_DEQUE, "weakref.Weak"))


def main() -> None:
    from app.__main__ import main as serve  # noqa: PLC0415 - others read what was counted, without the service

    file = Path(os.environ[FILE])
    signal.signal(signal.SIGUSR1, lambda *_: _write_down_or_say(file))
    serve()


def _write_down_or_say(file: Path) -> None:
    """Write it down. uvloop would keep quiet about what goes wrong in this."""
    try:
        write_down(file)
    except Exception:  # noqa: BLE001 - said, in the service's log
        traceback.print_exc()


if __name__ == "__main__":
    main()

"""How many MiB more are held after bombs than before: `python -m tests.abuse.remains COUNT` prints it.

In a process of its own, as what other tests have left would have room for them, or would leave it meanwhile.
"""

import asyncio
import gc
import json
import os
import sys
from pathlib import Path

from tests.abuse.bombs import BODIES, DOCUMENTS
from tests.abuse.throwing import make_app, post

_MEBIBYTE = 1024 * 1024


async def throw(count: int) -> float:
    """Throw each bomb twice, then so many; return how many MiB that took for good."""
    bodies = [json.dumps({"query": document}).encode() for document in DOCUMENTS.values()]
    bodies += BODIES.values()

    async def throw_some(number: int) -> float:
        for each in range(number):
            await post(make_app(), bodies[each % len(bodies)])
            await asyncio.sleep(0)  # the loop forgets the timers that are no longer needed
        gc.collect()
        return _resident_mebibytes()

    before = await throw_some(2 * len(bodies))
    return await throw_some(count) - before


def _resident_mebibytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / _MEBIBYTE


if __name__ == "__main__":
    sys.stdout.write(f"{asyncio.run(throw(int(sys.argv[1])))}\n")

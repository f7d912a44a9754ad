"""/control: reading what the sandbox holds, ordering faults, starting over. JSON in, JSON out."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import chain

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from app.sandbox.faults import FAULT, AccountFault, Fault
from app.sandbox.state import Snapshot, State

ABOUT = {"name": "installed-apps sandbox"}
"""What /control/about answers: whoever finds a port taken learns by it that this is what it was looking for."""


def control_routes(state: State) -> Sequence[BaseRoute]:
    """Return the routes below /control."""

    async def show_about(_: Request) -> JSONResponse:
        return JSONResponse(ABOUT)

    async def show_state(_: Request) -> JSONResponse:
        return JSONResponse(_snapshot(state), headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"})

    async def order_fault(request: Request) -> JSONResponse:
        try:
            fault = FAULT.validate_json(await request.body())
        except ValidationError as problem:
            return refused(problem)
        return _order(state, fault)

    async def forget_faults(_: Request) -> JSONResponse:
        state.faults.clear()
        return JSONResponse({"ok": True})

    async def reset(_: Request) -> JSONResponse:
        state.reset()
        return JSONResponse({"ok": True})

    return [
        Route("/about", show_about, methods=["GET"]),
        Route("/state", show_state, methods=["GET"]),
        Route("/faults", order_fault, methods=["POST"]),
        Route("/faults", forget_faults, methods=["DELETE"]),
        Route("/reset", reset, methods=["POST"]),
        *chain.from_iterable(each.control_routes() for each in state.stand_ins),
    ]


def refused(problem: ValidationError) -> JSONResponse:
    """Return 400, saying what is wrong with the JSON that came and where."""
    wrong = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'body'}: {each['msg']}" for each in problem.errors())
    return JSONResponse({"error": wrong}, status_code=400)


def _order(state: State, fault: Fault) -> JSONResponse:
    stand_in = state.stand_in(fault.provider)
    if stand_in is None:
        known = ", ".join(each.name for each in state.stand_ins)
        return JSONResponse({"error": f"provider: there is no {fault.provider!r} here, only: {known}"}, status_code=400)
    if isinstance(fault, AccountFault) and fault.endpoint is None:
        return JSONResponse({"ok": True, "changed": stand_in.strike(fault)})
    state.faults.append(fault)
    return JSONResponse({"ok": True, "waiting": len(state.faults)})


def _snapshot(state: State) -> Snapshot:
    joined: Snapshot = {
        "requests": [asdict(seen) | {"at": seen.at.isoformat()} for seen in state.requests],
        "faults": [fault.model_dump(mode="json", exclude={"body", "body_base64"}) for fault in state.faults],
    }
    for stand_in in state.stand_ins:
        for name, rows in stand_in.snapshot().items():
            joined.setdefault(name, []).extend(rows)
    return joined

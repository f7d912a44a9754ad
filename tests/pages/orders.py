"""What a test orders at the sandbox: what people do at a provider, and what goes wrong there."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2

from tests.processes import Service


async def order(service: Service, what: str, order: Mapping[str, object]) -> None:
    """Have something happen at a provider, as its people could bring it about or as it could fail."""
    async with httpx2.AsyncClient(trust_env=False) as http:
        answer = await http.post(f"{service.sandbox_url}/control/{what}", json=order)
    assert answer.status_code == httpx2.codes.OK, answer.text


@dataclass(frozen=True)
class Faults:
    """What goes wrong at a provider."""

    service: Service
    provider: str

    async def break_all(self) -> None:
        """Let it fail, whatever it is asked."""
        await self._order(fault="status", status=503, times=1_000)

    async def slow_down(self, endpoint: str, *, seconds: float) -> None:
        """Let its next answer there come so late."""
        await self._order(endpoint=endpoint, fault="slow", seconds=seconds)

    async def answer(self, endpoint: str, body: object, *, times: int = 1, headers: Mapping[str, str] | None = None) -> None:
        """Let it answer this the next times that it is asked there."""
        await self._order(endpoint=endpoint, fault="malformed", body=json.dumps(body), headers=headers or {}, times=times)

    async def _order(self, **fault: object) -> None:
        await order(self.service, "faults", {"provider": self.provider, **fault})


@asynccontextmanager
async def faults_of(service: Service, provider: str) -> AsyncIterator[Faults]:
    """Yield what lets the provider fail. At the end no fault waits for anybody."""
    try:
        yield Faults(service, provider)
    finally:
        async with httpx2.AsyncClient(trust_env=False) as http:
            await http.delete(f"{service.sandbox_url}/control/faults")

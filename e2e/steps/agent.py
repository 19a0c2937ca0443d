"""An AI agent: the MCP project's own Python client, unmodified, over HTTP with a bearer token."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from steps.agenda import Appointment
from steps.tenant import Tenant

T = TypeVar("T")


def with_client(tenant: Tenant, token: str | None, use: Callable[[Client], Awaitable[T]], *, mode: str = "auto") -> T:
    """Runs `use` with a connected client."""

    async def connected() -> T:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with httpx2.AsyncClient(headers=headers, timeout=30) as http:
            async with Client(streamable_http_client(f"{tenant.url}/mcp", http_client=http), mode=mode) as client:
                return await use(client)

    return asyncio.run(connected())


def tools(tenant: Tenant, token: str | None, *, mode: str = "auto") -> dict[str, Any]:
    """Tool name -> the tool."""

    async def use(client: Client) -> dict[str, Any]:
        return {tool.name: tool for tool in (await client.list_tools()).tools}

    return with_client(tenant, token, use, mode=mode)


def call(tenant: Tenant, token: str | None, tool: str, arguments: dict[str, Any], *, mode: str = "auto") -> Any:
    """The result of one tool call."""

    async def use(client: Client) -> Any:
        return await client.call_tool(tool, arguments)

    return with_client(tenant, token, use, mode=mode)


def slot_at(tenant: Tenant, token: str, service: str, appointment: Appointment, *, mode: str = "auto") -> str:
    """The opaque slot an agent is offered for a service at a time."""
    when = {"weekday": appointment.weekday, "from": appointment.clock}
    result = call(tenant, token, "find_available_slots", {"service": service, "when": when}, mode=mode)
    assert not result.is_error, result
    slots = result.structured_content["slots"]
    return next(slot["slot"] for slot in slots if datetime.fromisoformat(slot["start"]) == appointment.start)


def book(
    tenant: Tenant,
    token: str,
    slot: str,
    *,
    name: str,
    phone: str | None = None,
    key: str | None = None,
    mode: str = "auto",
) -> Any:
    """The result of booking a slot for somebody, under a key of its own."""
    who = {"name": name} | ({"phone": phone} if phone else {})
    arguments = {"slot": slot, "customer": who, "idempotency_key": key or str(uuid.uuid4())}
    return call(tenant, token, "create_booking", arguments, mode=mode)


def code_of(result: Any) -> str | None:
    """The stable error code of a result."""
    return (result.structured_content or {}).get("error", {}).get("code")

"""Connections that are lost while somebody uses them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvloop
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.admin import ListGroupsRequest
from aiokafka.protocol.coordination import FindCoordinatorRequest

pytestmark = pytest.mark.timeout(60)

Scenario = Callable[[AIOKafkaClient, Any], Awaitable[None]]


def run(address: str, scenario: Scenario) -> None:
    """With a client, and its connection to the only node."""

    async def main() -> None:
        client = AIOKafkaClient(bootstrap_servers=address)
        await client.bootstrap()
        try:
            node = client.get_random_node()
            assert await client.ready(node)
            await scenario(client, await client._get_conn(node))
            assert await client.force_metadata_update()
            assert await client.send(node, ListGroupsRequest())
        finally:
            await client.close()

    uvloop.run(main())


def test_a_request_on_a_lost_connection_says_so(tansu: Any) -> None:
    async def scenario(client: AIOKafkaClient, connection: Any) -> None:
        connection._writer.transport.abort()
        await asyncio.sleep(0)
        with pytest.raises(KafkaConnectionError):
            await connection.send(ListGroupsRequest())

    run(tansu.address, scenario)


def test_who_waits_for_an_answer_is_told_when_the_connection_is_replaced(tansu: Any) -> None:
    async def scenario(client: AIOKafkaClient, connection: Any) -> None:
        connection._writer.transport.pause_reading()  # no answer comes before the end
        waiting = asyncio.ensure_future(connection.send(FindCoordinatorRequest("group", 0)))
        await asyncio.sleep(0)
        connection._read_task.cancel()  # it will not see the end of the connection
        connection._reader.feed_eof()
        del connection
        assert await client.ready(client.get_random_node())
        with pytest.raises(KafkaConnectionError):
            await asyncio.wait_for(waiting, 5)

    run(tansu.address, scenario)

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.edge.balancing import LEAST_REQUEST, OVERRIDE_HOST, by_picked_endpoint
from gateway.edge.packing import to_json
from tests.edge.picking import PATH, Failing, Picker, pooled
from tests.edge.stage import Upstream, echoing, running, serving
from tests.support.ports import free_port


@pytest.fixture
async def picker() -> AsyncIterator[Picker]:
    async with serving(Picker()) as started:
        assert isinstance(started, Picker)
        yield started


def test_the_pick_is_read_from_metadata_which_no_client_can_write() -> None:
    text = to_json(by_picked_endpoint())
    assert OVERRIDE_HOST in text
    assert LEAST_REQUEST in text
    assert '"header"' not in text


async def test_a_request_goes_to_the_endpoint_that_was_picked_and_to_no_other(
    picker: Picker, tmp_path: Path
) -> None:
    async with (
        echoing(Upstream()) as one,
        echoing(Upstream()) as two,
        running(pooled([one, two]), [picker.address], tmp_path) as edge,
    ):
        for endpoint, hits in ((one, (3, 0)), (two, (3, 3))):
            picker.endpoints = [endpoint.address]
            for _ in range(3):
                assert (await edge.client.post(PATH, content=b"{}")).status_code == 200
            assert (one.hits, two.hits) == hits


async def test_the_next_of_the_list_gets_what_the_first_did_not_read(
    picker: Picker, upstream: Upstream, tmp_path: Path
) -> None:
    dead = f"127.0.0.1:{free_port()}"
    picker.endpoints = [dead, upstream.address]
    async with running(pooled([dead, upstream]), [picker.address], tmp_path) as edge:
        statuses = {(await edge.client.post(PATH, content=b"{}")).status_code for _ in range(5)}
    assert statuses == {200}
    assert upstream.hits == 5


@pytest.mark.parametrize("status", [0, 503])
async def test_what_a_server_has_read_goes_on_to_the_next_if_the_service_says_so(
    picker: Picker, upstream: Upstream, tmp_path: Path, status: int
) -> None:
    async with echoing(Failing(status=status)) as one, echoing(Failing(status=status)) as two:
        picker.endpoints = [one.address, two.address, upstream.address]
        gateway = pooled([one, two, upstream])
        async with running(gateway, [picker.address], tmp_path) as edge:
            headers = {"x-envoy-retry-on": "5xx,reset"}
            refused = await edge.client.post(PATH, content=b"{}", headers=headers)
            assert refused.status_code == 503
            assert (one.hits, two.hits, upstream.hits) == (1, 0, 0)
            picker.repeatable = True
            answered = await edge.client.post(PATH, content=b"{}")
    assert answered.status_code == 200
    assert (one.hits, two.hits, upstream.hits) == (2, 1, 1)


async def test_a_pick_outside_the_pool_is_nobodys(
    picker: Picker, upstream: Upstream, tmp_path: Path
) -> None:
    async with echoing(Upstream()) as foreign:
        picker.endpoints = [foreign.address]
        async with running(pooled([upstream]), [picker.address], tmp_path) as edge:
            assert (await edge.client.post(PATH, content=b"{}")).status_code == 503
        assert (upstream.hits, foreign.hits) == (0, 0)


async def test_nobody_who_was_not_picked_gets_what_those_who_were_cannot_take(
    picker: Picker, upstream: Upstream, tmp_path: Path
) -> None:
    dead = f"127.0.0.1:{free_port()}"
    picker.endpoints = [dead]
    async with running(pooled([dead, upstream]), [picker.address], tmp_path) as edge:
        assert (await edge.client.post(PATH, content=b"{}")).status_code == 503
    assert upstream.hits == 0

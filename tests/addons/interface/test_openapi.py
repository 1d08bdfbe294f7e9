"""The OpenAPI document is true: whatever schemathesis makes of it is answered as it says; and the page shows the same table."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig

from addons.interface.address import PREFIX
from addons.interface.openapi import document
from addons.interface.table import TABLE
from tests.addons.interface.asking import ALICE, Asker, asker, publish
from tests.addons.interface.wsgi import application
from tests.deploying import ROOT

TAKEN = ["2xx", "401", "403", "404", "409"]
CONFIG = {
    "seed": 8,
    "generation": {"max-examples": 4, "deterministic": True, "database": "none", "no-shrink": True},
    "phases": {"stateful": {"enabled": False}},
    "operations": [  # what no schema says: that one key repeats the path, and that another is in the future
        {
            "include-path": path,
            "include-method": "POST",
            "checks": {"positive_data_acceptance": {"expected-statuses": [*TAKEN, "400"]}},
        }
        for path in ("/projects/{name}/releases/{version}/delete", "/tokens")
    ],
}


_STORES: list[Asker] = []


@pytest.fixture(scope="module", autouse=True)
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An interface whose store has what the examples of the document name."""
    api = asker(tmp_path_factory.mktemp("served"))
    for version in ("1.0", "1.1"):
        publish(api.projects, f"acme_pad-{version}.tar.gz", version, ALICE)
    _STORES.append(api)
    yield
    _STORES.clear()


schema = schemathesis.openapi.from_dict(document(TABLE), config=SchemathesisConfig.from_dict(CONFIG))
schema.app = application(lambda: _STORES[0].interface)
schema.config.update(base_url=f"http://127.0.0.1{PREFIX}")


@schema.parametrize()
def test_operation__asked_in_every_way__answers_as_the_document_says(case: Any) -> None:
    """Statuses, bodies, types and headers are those that are written down, nothing bad is taken, no fault of ours."""
    case.call_and_validate(headers={"Authorization": "Bearer of-alice"})


async def test_document__has_every_operation_of_the_table(api: Asker) -> None:
    """One truth: what requests are routed by is what is written down, without a token too."""
    found = await api.look("/openapi.json", token=None)
    there = {(method.upper(), path) for path, methods in found["paths"].items() for method in methods}
    assert there == {(each.method, each.path) for each in TABLE}
    assert {each["operationId"] for methods in found["paths"].values() for each in methods.values()} == {
        each.name for each in TABLE
    }


async def test_document__refers_to_what_it_has(api: Asker) -> None:
    """A reference that leads nowhere stops every generator of clients."""
    answer = await api.ask("GET", "/openapi.json")
    named = set(re.findall(r'"#/components/schemas/(\w+)"', answer.body.decode()))
    assert named == set(json.loads(answer.body)["components"]["schemas"]) - {"Document"}


def test_page__of_the_interface__has_the_rows_of_the_table() -> None:
    """One table: method, path, what it takes and gives, row for row."""
    page = (ROOT / "docs" / "api.md").read_text()
    shown = re.findall(r"^\| `([A-Z]+) (/[^`]*)` \| (.+?) \|$", page, re.MULTILINE)
    assert shown == [(each.method, each.path, each.words.partition("\n")[0].rstrip(".")) for each in TABLE]

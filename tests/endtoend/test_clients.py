"""Who clients are to the gateway, with real pips and uv: nothing but a name in the proxy's URL."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.endtoend.clients import CLIENTS, Client, every_client, install
from tests.endtoend.conftest import House
from tests.gateway.running import configuration
from tests.wheelgate_process import Gateway

STRICT = {"deny": [{"project": "panels2", "versions": "==2.0", "reason": "opens shutters", "id": "OPS-9"}]}
WORDS = "Blocked by wheelgate: deny OPS-9: opens shutters"


@pytest.fixture(scope="module")
def grouped(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """The variables of a gateway that knows a user, and lets everybody choose an instant."""
    place = tmp_path_factory.mktemp("grouped")
    user = {"username": "auditor", "password_env": "AUDITOR_PASSWORD"}
    clients = [
        {"name": "audit", "users": [user], "policies": [STRICT], "profiles": ["as-of"]},
        {"name": "everybody", "profiles": ["as-of"]},
    ]
    config = configuration(house.pypi, place, listen="127.0.0.1:0", clients=clients)
    with Gateway(config, place, AUDITOR_PASSWORD="s3cr+t/%") as gateway:
        yield gateway.variables()


def saying(variables: Mapping[str, str], said: str) -> dict[str, str]:
    """Say something to the proxy, as its URL has it: percent-encoded."""
    return {
        name: value.replace("://", f"://{said}@") if name.lower() in ("https_proxy", "http_proxy") else value
        for name, value in variables.items()
    }


@pytest.fixture(scope="module")
def panels(house: House) -> None:
    """A release of last year and one of this year."""
    house.pypi.release("panels2", "1.0", upload_time="2025-06-01T00:00:00Z", announce_metadata=True)
    house.pypi.release("panels2", "2.0", upload_time="2026-02-01T00:00:00Z", announce_metadata=True)


@every_client
@pytest.mark.usefixtures("panels")
def test_as_of__in_the_proxys_url__installs_what_was_there_then(
    client: Client, grouped: Mapping[str, str], tmp_path: Path
) -> None:
    """The same command gives the newest, or that of the day that its proxy's URL names; pip says no name without a colon behind it."""
    assert install(client, tmp_path, grouped, "panels2").installed == {"panels2": "2.0"}
    (tmp_path / "then").mkdir()
    then = install(client, tmp_path / "then", saying(grouped, "as-of-2026-01-31:"), "panels2")
    assert then.installed == {"panels2": "1.0"}, then.output


@every_client
@pytest.mark.usefixtures("panels")
def test_user__with_password__gets_its_groups_policies_in_words(
    client: Client, grouped: Mapping[str, str], tmp_path: Path
) -> None:
    """Also together with an instant: `NAME+PROFILE`."""
    audited = install(client, tmp_path, saying(grouped, "auditor:s3cr%2Bt%2F%25"), "panels2==2.0")
    assert (audited.code != 0, audited.installed) == (True, {})
    assert WORDS in audited.output
    (tmp_path / "then").mkdir()
    said = saying(grouped, "auditor+as-of-2025-12-31:s3cr%2Bt%2F%25")
    then = install(client, tmp_path / "then", said, "panels2")
    assert then.installed == {"panels2": "1.0"}, then.output


@every_client
@pytest.mark.usefixtures("panels")
def test_user__with_a_wrong_password__installs_nothing_at_once(
    client: Client, grouped: Mapping[str, str], tmp_path: Path
) -> None:
    """One answer, no retries; what its terminal shows of a page that is refused is the client's own affair (NAM-16)."""
    turned_away = install(client, tmp_path, saying(grouped, "auditor:wrong"), "panels2")
    assert (turned_away.code != 0, turned_away.installed) == (True, {})
    assert "etrying" not in turned_away.output


@pytest.mark.usefixtures("panels")
def test_as_of__without_a_colon__is_what_uv_says_too(grouped: Mapping[str, str], tmp_path: Path) -> None:
    """requests, and so pip, leaves a name out that has no password behind it; uv does not."""
    then = install(CLIENTS[-1], tmp_path, saying(grouped, "as-of-2026-01-31"), "panels2")
    assert then.installed == {"panels2": "1.0"}, then.output

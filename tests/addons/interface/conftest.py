"""What the tests of the interface ask."""

from pathlib import Path

import pytest

from tests.addons.interface.asking import Asker, asker


@pytest.fixture
def api(tmp_path: Path) -> Asker:
    """An interface over a store of the test's own."""
    return asker(tmp_path)

"""Fixtures of uploaded files."""

from pathlib import Path

import pytest

from tests.addons.upload.sound.making import Examine, examining


@pytest.fixture
def examine(tmp_path: Path) -> Examine:
    """Examine bytes as an uploaded file."""
    return examining(tmp_path)

"""Against the real PyPI, as one user would: `pytest -m live`. What is downloaded is small."""

from pathlib import Path

import pytest
import yaml

from tests.endtoend.clients import outcome
from tests.wheelgate_process import WHEELGATE, clean_environment

pytestmark = pytest.mark.live


@pytest.mark.parametrize("project", ["flask", "iniconfig"])
@pytest.mark.parametrize("command", [("pip", "download", "--dest=out"), ("uv", "pip", "install", "--target=out")])
def test_exec__real_pypi__brings_a_real_project(command: tuple[str, ...], project: str, tmp_path: Path) -> None:
    """The README's first command, with pip and with uv, from a fresh machine's point of view."""
    config = tmp_path / "wheelgate.yaml"
    config.write_text(yaml.safe_dump({"certs": "certs", "listen": "127.0.0.1:0"}))
    done = outcome((WHEELGATE, "exec", "--", *command, project), tmp_path, clean_environment(tmp_path))
    assert done.code == 0, done.output
    assert [path.name for path in (tmp_path / "out").iterdir() if path.name.startswith(project)]

"""The benchmarks still run: each once, on tiny pages. How fast anything is, no test says."""

import sys
from pathlib import Path

import pytest

from tests.wheelgate_process import clean_environment, run

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("benchmarks.pages --smoke", "wheelgate+folder"),
        ("benchmarks.cold_page --smoke", "while large pages are made"),
        ("benchmarks.project_list --projects=1000", "json.loads"),
    ],
)
def test_benchmark__on_tiny_pages__prints_its_table(command: str, said: str, tmp_path: Path) -> None:
    """What nobody runs for a while would rot: the gateway's commands and the configuration's keys are used here."""
    done = run([sys.executable, "-m", *command.split()], ROOT, clean_environment(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert said in done.stdout

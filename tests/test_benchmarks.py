"""The benchmarks still run: each once, on tiny pages and files. How fast anything is, no test says."""

import json
import sys
from pathlib import Path

import pytest

from tests.wheelgate_process import clean_environment, run

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("pages", "wheelgate+folder"),
        ("cold_page", "while large pages are made"),
        ("project_list", "json.loads"),
        ("files", "cold 100 KiB, 8 clients"),
        ("clients", "uv pip install, 3 projects, +0 ms"),
        ("jobs", "cold, 2 jobs of 4 wheels"),
        ("rules", "prefixes"),
        ("edits", "of two versions"),
        ("uploads", "another one of the store"),
        ("metadata", "uv pip compile, small: 2nd client"),
    ],
)
def test_benchmark__on_tiny_pages__prints_its_table(name: str, said: str, tmp_path: Path) -> None:
    """What nobody runs for a while would rot: the gateway's commands and the configuration's keys are used here."""
    kept = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks", name, "--smoke", "--json", str(kept)]
    done = run(command, ROOT, clean_environment(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert said in done.stdout
    [found] = json.loads(kept.read_text())["benchmarks"]
    assert found["benchmark"] == name
    assert found["figures"]
    assert found["verdicts"]

"""All benchmarks, one after the other, and what came of what is wanted.

    sh deploy/run --dev python -m benchmarks              about 35 minutes
    sh deploy/run --dev python -m benchmarks --quick      about nine minutes
    sh deploy/run --dev python -m benchmarks files jobs   only these

Each runs in a process of its own, and prints its tables. All figures are kept as JSON at the end.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

NAMES = ("pages", "cold_page", "project_list", "files", "clients", "jobs", "metadata", "rules", "edits", "uploads")


def run(name: str, options: Sequence[str], folder: Path) -> dict[str, Any]:
    """Run one; gives what it kept. Raises ClickException if it failed."""
    kept = folder / f"{name}.json"
    click.echo(f"\n== {name}\n")
    done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *options, "--json", str(kept)], check=False)
    if done.returncode:
        raise click.ClickException(f"benchmarks.{name} failed, with {done.returncode}")
    found: dict[str, Any] = json.loads(kept.read_text())
    return found


def summary(found: Sequence[dict[str, Any]]) -> Sequence[str]:
    """Give a line for each wish: whether it was reached, by what."""
    words = {True: "reached", False: "NOT REACHED", None: "not measured"}
    lines = []
    for benchmark in found:
        for verdict in benchmark["verdicts"]:
            figure = "" if verdict["found"] is None else f"{verdict['found']:.3g}"
            what = f"{benchmark['benchmark']}: {verdict['what']}"
            lines.append(f"{words[verdict['reached']]:14}{figure:>8}   {verdict['wanted']:28}{what}")
    return lines


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(NAMES))
@click.option("--quick", is_flag=True, help="Only what says most.")
@click.option("--smoke", is_flag=True, help="Everything tiny, once: only to see that it works.")
@click.option("--json", "keep", type=click.Path(dir_okay=False, path_type=Path),
              help="Keep all figures in this file. Default: wheelgate-benchmarks.json in the temporary folder.")  # fmt: skip
def main(names: Sequence[str], quick: bool, smoke: bool, keep: Path | None) -> None:
    """Run all benchmarks, or those named."""
    options = ["--smoke"] if smoke else ["--quick"] if quick else []
    path = keep or Path(tempfile.gettempdir()) / "wheelgate-benchmarks.json"
    begun, load = time.time(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        found = [run(name, options, Path(folder)) for name in names or NAMES]
    about = {
        "begun": round(begun),
        "seconds": round(time.time() - begun),
        "cores": os.cpu_count(),
        "load_average_before": load,
    }
    path.write_text(json.dumps({**about, "benchmarks": found}, indent=1) + "\n")
    click.echo("\n".join(["", f"{'':14}{'found':>8}   {'wanted of wheelgate':28}", *summary(found)]))
    if load > 1:
        click.echo(f"\nthe machine was busy before (load average {load:.1f}): only ratios say something")
    click.echo(f"\nall figures: {path}")


if __name__ == "__main__":
    main()

"""How long `pip download` takes through the gateway, beside the same without it, against the real PyPI.

    sh deploy/run --dev python benchmarks/wall_time.py
    sh deploy/run --dev python benchmarks/wall_time.py --rounds 9 jupyter

The two take turns, each with empty client caches, so that a drift of the machine or the network falls on both. The gateway
is started once and remembers pages, as it does in real life; `first` is its first round, when it remembered nothing.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

_BIN = Path(sys.executable).parent
_CONFIGURATION = "listen: 127.0.0.1:0\ncerts: certs\nstore: {folder: store}\n"


@contextmanager
def gateway(folder: Path) -> Iterator[Mapping[str, str]]:
    """Run a gateway of its own; gives the environment that leads a client through it."""
    config = folder / "wheelgate.yaml"
    config.write_text(_CONFIGURATION)
    with subprocess.Popen(
        [_BIN / "wheelgate", "run", "--config", config], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(7)]
        proxy = next(line.split()[1] for line in said if line.strip().startswith("proxy"))
        lines = subprocess.check_output([_BIN / "wheelgate", "env", "-c", config, "--proxy", proxy], text=True)
        yield dict(_assignment(line) for line in lines.splitlines())
        process.terminate()


def _assignment(line: str) -> tuple[str, str]:
    name, _, value = line.removeprefix("export ").rstrip(";").partition("=")
    return name, value.strip("'")


def download(projects: Sequence[str], further: Mapping[str, str]) -> float:
    """Download the projects with an empty cache into an empty folder; gives the seconds that it took."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-cache-dir", "--dest", folder, *projects]
        environment = {**os.environ, "PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **further}
        environment.pop("PIP_FIND_LINKS", None)
        started = time.perf_counter()
        subprocess.run(command, check=True, env=environment)
        return time.perf_counter() - started


@click.command()
@click.option("--rounds", default=5, show_default=True, help="How often each way is taken.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@click.argument("projects", nargs=-1)
def main(rounds: int, as_json: bool, projects: tuple[str, ...]) -> None:
    """Time `pip download PROJECTS` (flask jinja2 requests) direct and through a gateway, in turn."""
    wanted = projects or ("flask", "jinja2", "requests")
    times: dict[str, list[float]] = {"direct": [], "gateway": []}
    with tempfile.TemporaryDirectory() as folder, gateway(Path(folder)) as through:
        download(wanted, {})  # a warm-up for the machine's own file cache
        for _ in range(rounds):
            times["direct"].append(download(wanted, {}))
            times["gateway"].append(download(wanted, through))
    medians = {way: statistics.median(taken) for way, taken in times.items()}
    ratio = medians["gateway"] / medians["direct"]
    if as_json:
        print(json.dumps({"projects": wanted, "seconds": times, "median": medians, "ratio": ratio}))
        return
    print(f"pip download {' '.join(wanted)}, seconds")
    for way, taken in times.items():
        every = " ".join(f"{seconds:.2f}" for seconds in taken)
        print(f"  {way:8} median {medians[way]:.2f}   first {taken[0]:.2f}   all {every}")
    print(f"  ratio    {ratio:.2f}")


if __name__ == "__main__":
    main()

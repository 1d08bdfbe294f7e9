"""The `wheelgate` command, called inside the test process: quick, and real but for the process."""

import logging
from pathlib import Path

from click.testing import CliRunner, Result

from addons.cli import main
from tests.deploying import ROOT

_UNSET = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "WHEELGATE_CONFIG")


def call(*arguments: str, **environment: str) -> Result:
    """Call `wheelgate` with arguments in the working folder, which is its home too; its log goes with the call.

    The working folder must be the test's own, for that is where the command writes.
    """
    assert Path.cwd() != ROOT
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    variables = {**dict.fromkeys(_UNSET), "HOME": str(Path.cwd()), **environment}
    try:
        return CliRunner().invoke(main, arguments, env=variables, prog_name="wheelgate")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)

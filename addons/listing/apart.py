"""A step of the work in a process of its own: it holds no lock of ours, and its memory goes with it."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Literal

import msgspec

_ROOT = Path(__file__).resolve().parent.parent.parent  # where `addons` is found
_MOST_SECONDS = 600.0


class StepFailed(RuntimeError):
    """The process ended without an outcome: a fault of ours or of this machine, such as a full disk."""


async def apart[T](step: Literal["read", "build"], order: msgspec.Struct, outcome: type[T]) -> T:
    """Have the order done by `python -m addons.listing` and give its outcome. Raises StepFailed.

    Whoever stops waiting, or waits for more than ten minutes, ends the process.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "addons.listing", step),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
    )
    try:
        async with asyncio.timeout(_MOST_SECONDS):
            said, complained = await process.communicate(msgspec.json.encode(order))
    except TimeoutError as error:
        raise StepFailed(f"the project list: {step} took more than {_MOST_SECONDS:g} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        last = complained.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise StepFailed(f"the project list: {step} ended with {process.returncode}: {ascii(last)[:200]}")
    return msgspec.json.decode(said, type=outcome)

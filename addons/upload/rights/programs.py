"""Programs of the operator's, run without a shell: bounded in time and in what they may print."""

import subprocess
from collections.abc import Sequence

_MOST = 1_000_000  # characters of what a program prints


class ProgramFailed(ValueError):
    """A program that could not be run, did not end well, or took too long. In words."""


def output_of(command: Sequence[str], given: str, seconds: float) -> str:
    """Run a program with its arguments, `given` on its standard input, and give what it prints. Waits. Raises ProgramFailed."""
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own words, and no shell
            list(command), input=given, capture_output=True, timeout=seconds, encoding="utf-8", check=False
        )
    except subprocess.TimeoutExpired:
        raise ProgramFailed(f"{command[0]} took more than {seconds:g} s") from None
    except UnicodeDecodeError:
        raise ProgramFailed(f"{command[0]} printed what is not UTF-8") from None
    except OSError as error:
        raise ProgramFailed(f"{command[0]} cannot be run: {error.strerror or error}") from None
    if done.returncode != 0:
        said = done.stderr.strip().rpartition("\n")[2]
        raise ProgramFailed(f"{command[0]} ended with {done.returncode}: {ascii(said)[1:-1][:200]}")
    if len(done.stdout) > _MOST:
        raise ProgramFailed(f"{command[0]} printed more than {_MOST} characters")
    return done.stdout

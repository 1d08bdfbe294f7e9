"""Delete a folder that a gateway is still using."""

import errno
import shutil
from pathlib import Path


def delete(folder: Path) -> None:
    """Delete all of it, in as many rounds as it takes: a gateway may write into it between two of rmtree's steps."""
    while folder.exists():
        shutil.rmtree(folder, onexc=_judge)


def _judge(function: object, path: str, error: BaseException) -> None:
    """Let be what went before its turn, and leave what was filled again to the next round.

    Raises:
        OSError: It cannot be deleted for another reason.
    """
    if not isinstance(error, OSError) or error.errno not in (errno.ENOENT, errno.ENOTEMPTY):
        raise error

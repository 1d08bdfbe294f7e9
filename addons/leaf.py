"""The leaf as mitmproxy shows it: a copy of the gateway's own, because the CA's folder may change at any moment."""

import asyncio
import logging
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from addons.trust.authority import Authority, AuthorityError, open_authority
from addons.trust.files import PRIVATE, create_file

logger = logging.getLogger(__name__)


class ShownLeaf:
    """The leaf in use, and its successor in time. `show` is handed mitmproxy's `certs` option, on the event loop.

    mitmproxy keeps the key and reads the file again for new connections: over a file that was replaced meanwhile,
    no client could connect any more.
    """

    def __init__(self, authority: Authority, clock: Callable[[], datetime]) -> None:
        self._authority = authority
        self._clock = clock
        self._folder = tempfile.TemporaryDirectory(prefix="wheelgate-leaf-")
        self.option = self._copied()

    def _copied(self) -> list[str]:
        path = Path(self._folder.name) / f"{self._authority.leaf.serial_number:x}.pem"
        create_file(path, self._authority.leaf_path.read_bytes(), PRIVATE)
        return [f"*={path}"]

    async def renew(self, show: Callable[[list[str]], object]) -> None:
        """Take over the leaf that the folder has now, or a new one if it is due; what is wrong is said in the log."""
        try:
            authority = await asyncio.to_thread(open_authority, self._authority.folder, self._clock())
        except AuthorityError as error:
            logger.error("the leaf is not renewed: %s", error)
            return
        if authority.fingerprint != self._authority.fingerprint:
            logger.error(
                "the CA was replaced, but clients were told of the old one: restart wheelgate to use the new one"
            )
        elif authority.leaf != self._authority.leaf:
            self._authority = authority
            self.option = await asyncio.to_thread(self._copied)
            show(self.option)
            logger.warning("a new leaf is in use until %s", f"{authority.leaf_expires:%Y-%m-%d}")

    def close(self) -> None:
        """Remove the copies."""
        self._folder.cleanup()

"""The plain mirror, started; and what it was asked for and sent in a stretch of time."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.asking import Target
from benchmarks.contenders import Contender, certificate
from benchmarks.plain_mirror import Having

_QUIET = 1.0  # seconds without a request, after which nothing more is thought to come
_MOST = 60.0


@dataclass(frozen=True)
class Sent:
    """What a mirror was asked for and sent, by kind: `page`, `metadata` (404s), `range` (and HEAD), `whole`."""

    requests: Counter[str]
    sent: Counter[str]

    def since(self, before: "Sent") -> "Sent":
        """Give what came after `before`."""
        return Sent(self.requests - before.requests, self.sent - before.sent)

    @property
    def asked(self) -> int:
        """All requests."""
        return self.requests.total()

    @property
    def size(self) -> int:
        """All bytes, heads too; without TLS."""
        return self.sent.total()


class Mirrored:
    """The mirror, which runs; asked itself it is the contender `direct`."""

    def __init__(self, direct: Contender, process: "subprocess.Popen[str]") -> None:
        self.direct = direct
        self._process = process

    def counts(self, latency: float | None = None) -> Sent:
        """Give what it has sent until now; from now on it is so many seconds away, if that is said."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{json.dumps(latency)}\n")
        self._process.stdin.flush()
        found = json.loads(self._process.stdout.readline())
        return Sent(Counter(found["requests"]), Counter(found["sent"]))

    def settled(self, most: float = _MOST) -> Sent:
        """Wait until nothing has been asked for a second, `most` seconds at most; gives what was sent until then."""
        end, last, since = time.monotonic() + most, self.counts(), time.monotonic()
        while time.monotonic() < end and time.monotonic() - since < _QUIET:
            time.sleep(0.05)
            now = self.counts()
            if now.asked != last.asked:
                last, since = now, time.monotonic()
        return last


@contextmanager
def mirrored(folder: Path, having: Having) -> Iterator[Mirrored]:
    """Run the plain mirror, under a CA that `folder` has then as `origin-ca.pem`."""
    ca = certificate(folder)
    command = [sys.executable, "-m", "benchmarks.plain_mirror", str(folder), json.dumps(asdict(having))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        address = ("127.0.0.1", int(process.stdout.readline()))
        yield Mirrored(Contender("direct", Target(address, ca, proxied=False)), process)
        process.stdin.close()

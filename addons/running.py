"""Running a gateway for people: one that stays, or one for a single command."""

import asyncio
import os
import shlex
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import click

from addons import reaching
from addons.install import Plan
from addons.serve import StartFailed, serving, until_stopped
from addons.trust.bundle import write_bundle
from addons.trust.environment import client_environment
from proxyconf.addresses import Address

__all__ = ["Plan", "StartFailed", "once", "stay"]

type Say = Callable[[str], object]

NO_SUCH_COMMAND = 127
NOT_EXECUTABLE = 126
BY_SIGNAL = 128

_FROM_KEYBOARD = (signal.SIGINT, signal.SIGQUIT)
_PASSED_ON = (*_FROM_KEYBOARD, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


async def stay(plan: Plan, listen: Address, say: Say) -> None:
    """Serve at `listen` until SIGINT or SIGTERM (or SIGHUP, but for `nohup`), and say what to do next.

    Raises StartFailed or ValueError.
    """
    hang_up = [signal.SIGHUP] if _heeded(signal.SIGHUP) else []
    stopped = asyncio.ensure_future(until_stopped(signal.SIGINT, signal.SIGTERM, *hang_up))
    async with serving(plan, listen) as address:
        say(_greeting(plan, Address(*address)))
        await stopped


def _greeting(plan: Plan, address: Address) -> str:
    proxy = reaching.url(address)
    program = shlex.quote(str(Path(sys.argv[0]).absolute()))
    config = f" --config {shlex.quote(str(plan.configuration))}" if plan.configuration else ""
    said = "" if proxy == reaching.url(plan.settings.listen) else f" --proxy {proxy}"
    here = "" if proxy == f"http://{address}" else f" here; from other machines this one's name and port {address.port}"
    return (
        f"wheelgate is running.\n"
        f"  proxy          {proxy}{here}\n"
        f"  CA             {plan.authority.ca_path}\n"
        f"  configuration  {plan.configuration or 'built-in (see `wheelgate defaults`)'}\n"
        f"Point a shell at it, and pip, uv and the rest use it from then on:\n"
        f'  eval "$({program} env{config}{said})"\n'
        f"Stop it with Ctrl-C."
    )


async def once(plan: Plan, command: Sequence[str], name: str | None = None) -> int:
    """Run `command` through a gateway and give its exit code, as a shell would: 127 if there is no such command.

    `name` is what the command's clients give to the gateway, None for nothing.
    """
    relay = _Relay()
    async with _gateway(plan) as proxy:
        with tempfile.TemporaryDirectory(prefix="wheelgate-") as folder:
            bundle = Path(folder) / "bundle.pem"
            write_bundle(bundle, plan.authority.ca_path.read_bytes(), os.environ, Path.home())
            return await _run(
                command,
                {**os.environ, **client_environment(reaching.named(proxy, name), bundle, os.environ)},
                relay,
            )


@asynccontextmanager
async def _gateway(plan: Plan) -> AsyncIterator[str]:
    """Give the proxy URL of a gateway that runs already, or of one that runs as long as the context does."""
    proxy = reaching.url(plan.settings.listen)
    if _is_ours(await asyncio.to_thread(reaching.status, proxy), plan):
        yield proxy
        return
    async with serving(plan, Address("127.0.0.1", 0)) as address:
        yield reaching.url(Address(*address))


def _is_ours(status: Mapping[str, object], plan: Plan) -> bool:
    """Tell whether a running gateway will do: it has our CA, and our configuration unless we have none of our own."""
    if status.get("ca_sha256") != plan.authority.fingerprint:
        return False
    return plan.configuration is None or status.get("configuration") == str(plan.configuration)


class _Relay:
    """Passes signals on to the command once it runs; one that comes before is kept, and the command not started.

    What was ignored when we were started (`nohup`, a script's `&`) stays ignored, for the command too. Must be made
    inside the event loop.
    """

    def __init__(self) -> None:
        self.early: signal.Signals | None = None
        self._process: asyncio.subprocess.Process | None = None
        for number in filter(_heeded, _PASSED_ON):
            asyncio.get_running_loop().add_signal_handler(number, self._pass_on, number)

    def follow(self, process: asyncio.subprocess.Process) -> None:
        """Pass on to `process` from now on, and at once what came while it was being started."""
        self._process = process
        if self.early is not None:
            self._pass_on(self.early)

    def _pass_on(self, number: signal.Signals) -> None:
        if self._process is None:
            self.early = self.early or number
        elif self._process.returncode is None and not (number in _FROM_KEYBOARD and _at_keyboard()):
            self._process.send_signal(number)


def _heeded(number: signal.Signals) -> bool:
    return signal.getsignal(number) is not signal.SIG_IGN


def _at_keyboard() -> bool:
    """Tell whether the terminal sends its signals to us and, by itself, to the command: then none is passed on."""
    try:
        with Path("/dev/tty").open("rb", buffering=0) as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False


async def _run(command: Sequence[str], environment: Mapping[str, str], relay: _Relay) -> int:
    if relay.early is not None:
        return BY_SIGNAL + relay.early
    try:
        process = await asyncio.create_subprocess_exec(*command, env=dict(environment))
    except OSError as error:
        return _not_started(command[0], error)
    relay.follow(process)
    code = await process.wait()
    return code if code >= 0 else BY_SIGNAL - code


def _not_started(command: str, error: OSError) -> int:
    absent = isinstance(error, FileNotFoundError)
    if absent and shutil.which(command):
        words = "is there, but the interpreter that its first line names is not"
    else:
        words = "there is no such command" if absent else f"cannot be executed ({error.strerror})"
    click.echo(f"wheelgate: {command}: {words}", err=True)
    return NO_SUCH_COMMAND if absent else NOT_EXECUTABLE

"""Asking the addons: mitmproxy's own way, without what it costs to ask those that have no such hook.

Each connection asks every addon a dozen times. mitmproxy makes a context manager, two generators and a coroutine for
each of them before it sees that the addon has nothing to do with it: a tenth of what a new connection costs.
"""

from inspect import isawaitable
from typing import override

from mitmproxy.addonmanager import AddonManager, safecall
from mitmproxy.exceptions import AddonHalt
from mitmproxy.hooks import Hook
from mitmproxy.master import Master
from mitmproxy.options import Options


class Chain(AddonManager):
    """The addons of a mitmproxy. Nothing is remembered: whoever is in the chain, and has the hook now, is asked."""

    @override
    async def trigger_event(self, event: Hook) -> None:
        """Ask the addons in their order. One that raises is logged, and the next one asked; AddonHalt ends it.

        Raises OptionsError, as mitmproxy does.
        """
        left, all_asked, args = iter(self.chain), False, event.args()
        while not all_asked:
            try:
                with safecall():  # which swallows what an addon raises; those that are left are asked then
                    for addon in left:
                        hook = getattr(addon, event.name, None)
                        if hasattr(addon, "addons") or not (hook is None or callable(hook)):
                            await self.invoke_addon(addon, event)
                        elif hook is not None:
                            await _through(hook(*args))
                    all_asked = True
            except AddonHalt:
                return


async def _through(outcome: object) -> None:
    """Wait for what a hook gave, if it is one that has to be waited for."""
    if outcome is not None and isawaitable(outcome):
        await outcome


def chained(options: Options) -> Master:
    """Make a mitmproxy whose addons are such a chain."""
    master = Master(options)
    master.addons = Chain(master)  # type: ignore[no-untyped-call] # mitmproxy's own __init__
    return master

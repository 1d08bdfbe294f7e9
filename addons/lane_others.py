"""Who else is in this mitmproxy: the lane makes no flows, so where another addon has to do with flows, it stands aside."""

import logging
from collections.abc import Collection
from operator import is_

from mitmproxy.master import Master

logger = logging.getLogger(__name__)

OPTION = "fast_lane"
"""The mitmproxy option that closes the lane: then every request is a flow, that can be looked at."""

_FLOW_HOOKS = ("requestheaders", "request", "responseheaders", "response")

# mitmproxy's own addons with such hooks, and the options without which they leave every flow as it is. The dumper only
# prints: a line for each request is not worth the lane, and with the option above it is there again.
_IDLE_WITHOUT = {
    "anticache": "anticache",
    "anticomp": "anticomp",
    "blocklist": "block_list",
    "disable_h2c": None,
    "dumper": None,
    "maplocal": "map_local",
    "mapremote": "map_remote",
    "modifybody": "modify_body",
    "modifyheaders": "modify_headers",
    "onboarding": "onboarding_host",
    "proxyauth": "proxyauth",
    "save": "save_stream_file",
    "savehar": "hardump",
    "serverplayback": "server_replay",
    "stickyauth": "stickyauth",
    "stickycookie": "stickycookie",
    "tlsconfig": None,
    "update_alt_svc": None,
    "upstream_auth": "upstream_auth",
}
_OWN = "mitmproxy.addons."


class Others:
    """Tells whether the gateway's addons are all there, and nobody else's wants to see flows."""

    def __init__(self, master: Master, ours: Collection[str]) -> None:
        self._master = master
        self._ours = ours
        self._seen: list[object] = []
        self._open = False

    @property
    def leave_it_to_us(self) -> bool:
        """Whether the lane may answer. Cheap: it looks at them again only when they are not the ones it has seen."""
        there = self._master.addons.lookup
        if len(there) != len(self._seen) or not all(map(is_, there.values(), self._seen)):
            self._look_again()
        return self._open

    def forget(self) -> None:
        """Look again at the next question: an option has changed."""
        self._seen = []

    def _look_again(self) -> None:
        there = self._master.addons.lookup
        missing = [name for name in self._ours if name not in there]
        wanting = [name for name, addon in there.items() if name not in self._ours and self._wants_flows(addon)]
        now_open = getattr(self._master.options, OPTION) and not missing and not wanting
        if self._open and not now_open:
            logger.info("the fast lane is closed; without: %s; wants flows: %s", missing, ascii(wanting)[:200])
        self._seen, self._open = list(there.values()), now_open

    def _wants_flows(self, addon: object) -> bool:
        if not any(callable(getattr(addon, hook, None)) for hook in _FLOW_HOOKS):
            return False
        module = type(addon).__module__
        known = module.removeprefix(_OWN)
        if not module.startswith(_OWN) or known not in _IDLE_WITHOUT:
            return True
        option = _IDLE_WITHOUT[known]
        options = self._master.options
        return option is not None and getattr(options, option, None) != options.default(option)

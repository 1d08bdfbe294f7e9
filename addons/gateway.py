"""The gateway as a mitmproxy script: `mitmdump -s addons/gateway.py` puts it into a mitmproxy that is there already.

It brings in addons that are made in code, and has no hooks of its own but `load`: a script file that is later broken or
deleted changes nothing.
"""

from mitmproxy import addonmanager

from addons import install


def load(loader: addonmanager.Loader) -> None:
    """Put the gateway into the mitmproxy that loads this file; once, however often the file is loaded."""
    install.into_running(loader.master)

"""interface: what comes after an upload, over HTTP: the owners' API. It knows nothing of mitmproxy."""

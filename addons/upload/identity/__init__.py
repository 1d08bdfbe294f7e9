"""identity: who uploads, as tokens, CI services, files and directories prove it. It knows nothing of mitmproxy."""

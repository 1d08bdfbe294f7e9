"""The database of what people decide while gateways run. It knows nothing of mitmproxy."""

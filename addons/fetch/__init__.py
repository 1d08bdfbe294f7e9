"""Fetching: what the gateway asks of upstream servers, over one pool, and the proof that what came is what was meant."""

"""Core metadata, out of wheels and sdists."""

"""Inspecting: what clients see of files' core metadata, where it came from, and why nothing is announced of some."""

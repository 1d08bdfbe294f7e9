"""Warming: the cache is filled ahead with what an install will ask for, so that it needs no upstream."""

"""Policies: what may come in, each a pure function from page to page."""

"""Answering: from a request to its answer, asked by every road that a request can come on."""

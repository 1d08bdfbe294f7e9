"""Where the interface is, for those who answer and those who ask. Pure."""

HOST = "upload.pypi.org"
"""The host behind which it is reached, through a gateway, over TLS."""

PREFIX = "/wheelgate/api/v1"
"""What its paths begin with."""

MOST_BODY = 64 * 1024
"""Bytes of a body. Whoever reads it off the wire may stop behind one more."""

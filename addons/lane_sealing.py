"""Bytes for a client, sealed by the very OpenSSL object that mitmproxy's TLS layer uses."""

from OpenSSL import SSL

_RECORD = 16_384
_RECORD_COST = 64  # at most so many bytes does a record of 16 KiB take beyond its content (RFC 8446 section 5.2)


def sealed(tls: SSL.Connection, content: bytes) -> bytes:
    """Give all that is to be sent now, this content last. Raises SSL.Error."""
    tls.sendall(content)
    room = len(content) + _RECORD_COST * (2 + len(content) // _RECORD)
    parts = [tls.bio_read(room)]
    while len(parts[-1]) == room:  # there was more before it than anybody would think
        parts.append(tls.bio_read(room))
    return parts[0] if len(parts) == 1 else b"".join(parts)

"""Bodies in a content coding (RFC 9110 section 8.4.1, RFC 8878): the same bytes for the same body."""

import gzip

import zstandard

from addons.simple.negotiation import Coding

# Pages are mostly hashes, which nothing makes smaller: more effort costs the first client time and saves no bytes.
_GZIP_LEVEL = 4
_ZSTD_LEVEL = 1


def coded(body: bytes, code: Coding) -> bytes:
    """Give `body` in the coding."""
    match code:
        case "gzip":
            return gzip.compress(body, compresslevel=_GZIP_LEVEL, mtime=0)
        case "zstd":
            return zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(body)
        case "identity":
            return body

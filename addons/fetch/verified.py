"""The proof: a body is handed on only so far that the last of it waits for the hash of the whole."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping

_CHECKED = (
    "sha256",
    "sha512",
    "sha384",
    "sha224",
    "sha1",
    "md5",
)  # the first that a page gives; old indexes have md5 only


class NotAsPromised(Exception):
    """A body that is not what its page says: other length or other hash. In words."""


async def verified(chunks: AsyncIterator[bytes], hashes: Mapping[str, str], size: int | None) -> AsyncIterator[bytes]:
    """Pass the body on chunk by chunk, the last only when length (bytes) and hash agree.

    `hashes` are the page's (algorithm to hex); the strongest that is known counts, sha256 before all. A size of None
    is not checked. What does not match is never wholly delivered. Hashing runs in a thread, beside the wait for the
    next chunk. Raises NotAsPromised.
    """
    algorithm = next((name for name in _CHECKED if name in hashes), None)
    digest, count, held = hashlib.new(algorithm or "sha256", usedforsecurity=False), 0, b""
    hashing: asyncio.Future[None] | None = None
    async for chunk in chunks:
        if not chunk:  # it would push out what is held back
            continue
        count += len(chunk)
        if size is not None and count > size:
            raise NotAsPromised(f"the body is longer than the {size} bytes of its page")
        if hashing is not None:
            await hashing
        hashing = asyncio.get_running_loop().run_in_executor(None, digest.update, chunk)
        if held:
            yield held
        held = chunk
    if hashing is not None:
        await hashing
    if size is not None and count != size:
        raise NotAsPromised(f"the body ended after {count} of {size} bytes")
    if algorithm is not None and digest.hexdigest() != hashes[algorithm].lower():
        raise NotAsPromised(f"the body's {algorithm} is {digest.hexdigest()}, its page says {hashes[algorithm]}")
    if held:
        yield held

"""Bodies in large blocks, so that what is done for each of them is done seldom."""

from collections.abc import AsyncIterator

BLOCK = 1 << 18  # bytes


async def blocks(chunks: AsyncIterator[bytes], tail: int, size: int = BLOCK) -> AsyncIterator[bytes]:
    """Give all the bytes in blocks of about `size`, so that the last block has at least the last `tail` ones.

    What ends a body then comes in one piece with what may stand behind it, however it was cut on its way.
    """
    held: list[bytes] = []
    count = 0
    async for chunk in chunks:
        held.append(chunk)
        count += len(chunk)
        if count >= size + tail:
            block = b"".join(held)
            yield block[:-tail]
            held, count = [block[-tail:]], tail
    if count:
        yield b"".join(held)

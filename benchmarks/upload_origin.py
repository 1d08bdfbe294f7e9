"""What takes uploads as simply as can be: each body is written to a file and fsynced, and nothing is looked at.

    python -m benchmarks.upload_origin FOLDER    prints its port, and runs until its standard input ends

The certificate is FOLDER/origin.pem. A process of its own, so that it takes a core of its own.
"""

import asyncio
import contextlib
import os
import ssl
import sys
import tempfile
from pathlib import Path

from aiohttp import web


async def _take(request: web.BaseRequest) -> web.Response:
    handle, name = tempfile.mkstemp(dir=sys.argv[1], prefix="upload-")
    try:
        with os.fdopen(handle, "wb", buffering=0) as file:
            async for piece in request.content.iter_any():
                file.write(piece)
            await asyncio.to_thread(os.fsync, handle)
    finally:
        os.unlink(name)  # noqa: PTH108  # what is written is not to be there for ever; the loop is its own
    return web.Response()


async def _serve(folder: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "origin.pem")
    runner = web.ServerRunner(web.Server(_take, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    print(runner.addresses[0][1], flush=True)
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))

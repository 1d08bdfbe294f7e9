"""Leads a client that asks for no proxy through the one that HTTPS_PROXY names, as a restricted network does for it.

`hatch publish` has a transport of its own, which honours no variable. Put this folder on the path of such a client only.
"""

import os
import socket
from typing import Any
from urllib.parse import urlsplit

_directly = socket.create_connection
_PROXY = urlsplit(os.environ["HTTPS_PROXY"])


def _through_the_proxy(address: tuple[str, int], *args: Any, **kwargs: Any) -> socket.socket:
    host, port = address
    link = _directly((_PROXY.hostname or "", _PROXY.port or 80), *args, **kwargs)
    link.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):  # byte by byte: what comes behind the head is the client's
        part = link.recv(1)
        if not part:
            break
        head += part
    if b" 200 " not in head.split(b"\r\n")[0]:
        link.close()
        raise ConnectionRefusedError(head.decode())
    return link


socket.create_connection = _through_the_proxy  # type: ignore[assignment] # hosts are text here

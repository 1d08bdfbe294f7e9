"""Caches in C to stand beside: squid with ssl-bump and nginx with TLS, where Debian's packages are installed.

Their configuration is written here, into the folder that they are started in, and so is everything they keep.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import trustme

from benchmarks.asking import Target
from benchmarks.contenders import Contender, wait_for
from tests.wheelgate_process import free_port

_CERTGEN = Path("/usr/lib/squid/security_file_certgen")  # Debian's package squid-openssl
_NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")
_SQUID = shutil.which("squid", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")

DEBIAN = {"squid": "squid-openssl", "nginx": "nginx"}
"""The package that brings each of them."""

DISK_GB = 8
"""What each keeps on disk at most, where it does."""

_SQUID_CONF = """\
http_port 127.0.0.1:{port} ssl-bump tls-cert={home}/authority.pem generate-host-certificates=on
sslcrtd_program {certgen} -s {home}/leaves -M 4MB
ssl_bump bump all
cache_peer 127.0.0.1 parent {origin} 0 no-query no-digest originserver tls tls-cafile={ca} ssldomain=pypi.org
never_direct allow all
http_access allow all
cache_mem 256 MB
maximum_object_size_in_memory 64 MB
memory_cache_shared off
access_log none
cache_log {home}/cache.log
cache_store_log none
pid_filename none
coredump_dir {home}
shutdown_lifetime 0 seconds
netdb_filename none
{further}
"""
# What it takes to keep files of a gigabyte, to ask upstream once for what many want, and to answer pip's max-age=0 itself.
_SQUID_DISK = """\
maximum_object_size 4 GB
cache_dir aufs {home}/store {megabytes} 16 256
collapsed_forwarding on
refresh_pattern . 0 20% 4320 ignore-reload
"""
_NGINX_CONF = """\
{user}
daemon off;
worker_processes 1;
pid {home}/nginx.pid;
error_log {home}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    proxy_cache_path {home}/cache keys_zone=pages:10m max_size={gigabytes}g use_temp_path=off;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {pem};
        ssl_certificate_key {pem};
        keepalive_requests 100000000;
        location / {{
            proxy_pass https://127.0.0.1:{origin};
            proxy_http_version 1.1;
            proxy_set_header Host $host;
            proxy_set_header Connection "";
            proxy_ssl_name pypi.org;
            proxy_ssl_server_name on;
            proxy_ssl_verify on;
            proxy_ssl_trusted_certificate {ca};
            proxy_cache pages;
            proxy_cache_key $host$uri;
            proxy_cache_lock on;
            proxy_cache_lock_timeout 600s;
            proxy_cache_lock_age 600s;
        }}
    }}
}}
"""


def installed() -> tuple[Sequence[str], Sequence[str]]:
    """Name those that are installed, and those that are not."""
    there = {"squid": bool(_SQUID) and _CERTGEN.exists(), "nginx": bool(_NGINX)}
    return [name for name, found in there.items() if found], [name for name, found in there.items() if not found]


def cache(name: str, folder: Path, upstream: Target) -> AbstractContextManager[Contender]:
    """Run one of `installed`."""
    return {"squid": squid, "nginx": nginx}[name](folder, upstream)


def on_disk(name: str) -> Callable[[Path, Target], AbstractContextManager[Contender]]:
    """Give what runs one of `installed` as a cache of files, on disk."""
    return partial(squid, disk=True) if name == "squid" else nginx


@contextmanager
def squid(folder: Path, upstream: Target, *, disk: bool = False) -> Iterator[Contender]:
    """Run squid as a proxy that decrypts (ssl-bump) and caches in memory, and also on disk: one process."""
    home = folder / "squid"
    home.mkdir()
    authority = trustme.CA(key_type=trustme.KeyType.RSA)
    authority.cert_pem.write_to_path(home / "ca.pem")
    (home / "authority.pem").write_bytes(authority.private_key_pem.bytes() + authority.cert_pem.bytes())
    subprocess.run([_CERTGEN, "-c", "-s", home / "leaves", "-M", "4MB"], check=True, capture_output=True)
    if os.geteuid() == 0:  # it refuses to run as root, and becomes Debian's user for it
        folder.chmod(0o711)
        for path in (home, *home.rglob("*")):
            shutil.chown(path, "proxy", "proxy")
    port = free_port()
    config = home / "squid.conf"
    further = _SQUID_DISK.format(home=home, megabytes=DISK_GB * 1000) if disk else ""
    places = {"port": port, "home": home, "certgen": _CERTGEN, "origin": upstream.address[1], "ca": upstream.ca}
    config.write_text(_SQUID_CONF.format(further=further, **places))
    command = [str(_SQUID), "-N", "-f", str(config)]
    if disk:
        subprocess.run([*command, "-z"], check=True, capture_output=True)
    target = Target(("127.0.0.1", port), home / "ca.pem", proxied=True)
    for contender in _running("squid", command, home, target):
        yield replace(contender, revalidates=not disk)


@contextmanager
def nginx(folder: Path, upstream: Target) -> Iterator[Contender]:
    """Run nginx as a caching reverse proxy: one worker. Clients dial it as if it were pypi.org, without CONNECT."""
    home = folder / "nginx"
    home.mkdir()
    port = free_port()
    config = home / "nginx.conf"
    places = {"port": port, "home": home, "origin": upstream.address[1], "ca": upstream.ca, "gigabytes": DISK_GB}
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(_NGINX_CONF.format(user=user, pem=folder / "origin.pem", **places))
    target = Target(("127.0.0.1", port), upstream.ca, proxied=False)
    yield from _running("nginx", [str(_NGINX), "-c", str(config), "-p", str(home)], home, target)


def _running(name: str, command: Sequence[str], home: Path, target: Target) -> Iterator[Contender]:
    with (home / "said.txt").open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said) as process:
        try:
            wait_for(process, target)
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            yield Contender(name, target, (process.pid, *map(int, children)), optional=True)
        finally:
            process.terminate()

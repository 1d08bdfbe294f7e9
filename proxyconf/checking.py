"""What a configuration names and this machine must have: folders, certificates, passwords.

Apart from `settings`, so that settings can be made and compared anywhere.
"""

import os
import ssl
from collections.abc import Callable
from pathlib import Path

from proxyconf.ci_services import GitLab, Issuer
from proxyconf.clients import User
from proxyconf.directories import Ldap
from proxyconf.identities import Identities
from proxyconf.misfit import Misfit
from proxyconf.settings import Settings, Source, Upstream


def check(settings: Settings) -> None:
    """Raises Misfit for the first thing that isn't there or can't be used, `at` its place below the settings."""
    if not settings.sources:
        raise Misfit("is empty, so that no project would be found; name a source, or take the line out", "sources")
    if settings.certs is not None and settings.certs.exists() and not settings.certs.is_dir():
        raise Misfit(f"{settings.certs} is a file; name a folder (it is made when it isn't there)", "certs")
    for section, folder in (("cache", settings.cache.folder), ("store", settings.store.folder)):
        if folder is not None and folder.exists() and not folder.is_dir():
            raise Misfit(f"{folder} is a file; name a folder (it is made when it isn't there)", section, "folder")
    for number, key in enumerate(settings.bundles.trusted_keys):
        if not key.is_file():
            raise Misfit(
                f"there is no file {key}; correct the path of the public key", "bundles", "trusted_keys", number
            )
    for number, source in enumerate(settings.sources):
        _within(_source, source, "sources", number)
    _within(_upstream, settings.upstream, "upstream")
    _identities(settings.uploads.identities)
    for number, group in enumerate(settings.clients):
        for place, user in enumerate(group.users):
            _within(User.password, user, "clients", number, "users", place)


def _source(source: Source) -> None:
    if source.folder is not None:
        _folder(source.folder)
    _certificates(source.ca)
    source.password()


def _upstream(upstream: Upstream) -> None:
    _certificates(upstream.ca)
    upstream.proxy_password()


def _identities(identities: Identities) -> None:
    at = ("uploads", "identities")
    every: tuple[tuple[str, tuple[GitLab | Issuer, ...]], ...] = (
        ("gitlab_jobs", identities.gitlab_jobs),
        ("oidc", identities.oidc),
    )
    for key, services in every:
        for number, service in enumerate(services):
            _within(_certificates, service.ca, *at, key, number)
    if identities.ldap is not None:
        _within(_certificates, identities.ldap.ca, *at, "ldap")
        _within(Ldap.password, identities.ldap, *at, "ldap")
    if identities.htpasswd is not None:
        for key, file in (("file", identities.htpasswd.file), ("groups", identities.htpasswd.groups)):
            if file is not None and not file.is_file():
                raise Misfit(f"there is no file {file}; make it, or correct the path", *at, "htpasswd", key)


def _within[Part](checked: Callable[[Part], object], part: Part, *at: str | int) -> None:
    try:
        checked(part)
    except Misfit as misfit:
        raise Misfit(str(misfit), *at, *misfit.at) from None


def _folder(folder: Path) -> None:
    try:
        with os.scandir(folder) as entries:
            next(entries, None)
    except FileNotFoundError:
        raise Misfit(f"there is no folder {folder}; make it, or correct the path", "folder") from None
    except NotADirectoryError:
        raise Misfit(f"{folder} is a file; name the folder that the wheels and sdists are in", "folder") from None
    except OSError as error:
        raise Misfit(f"the folder {folder} can't be read ({error.strerror}); allow it to this user", "folder") from None


def _certificates(ca: Path | None) -> None:
    if ca is None:
        return
    try:
        with ca.open("rb"):
            pass
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=ca)
    except FileNotFoundError:
        raise Misfit(f"there is no file {ca}; correct the path of the CA bundle", "ca") from None
    except ssl.SSLError:
        words = f'{ca} has no certificate in PEM form ("-----BEGIN CERTIFICATE-----"); name a bundle that has'
        raise Misfit(words, "ca") from None
    except OSError as error:
        raise Misfit(f"the CA bundle {ca} can't be read ({error.strerror}); name a readable file", "ca") from None

"""Where things lie on this machine: the configuration, the CA, the cache and the store."""

from collections.abc import Mapping
from pathlib import Path

from platformdirs import user_cache_path, user_config_path, user_data_path

from proxyconf.settings import Settings

_NAME = "wheelgate.yaml"
_CHECKOUT = Path(__file__).resolve().parent.parent


def configuration_file(named: Path | None, environment: Mapping[str, str]) -> Path | None:
    """Find the configuration: the one named, WHEELGATE_CONFIG, ./wheelgate.yaml, the user's own; None for the defaults.

    A file that is named is given back even if it is not there, so that reading it says so.
    """
    if named is not None:
        return named
    if environment.get("WHEELGATE_CONFIG"):
        return Path(environment["WHEELGATE_CONFIG"])
    candidates = (Path.cwd() / _NAME, user_config_path("wheelgate") / _NAME)
    return next((path for path in candidates if path.is_file()), None)


def cache_folder(settings: Settings) -> Path:
    """Give the folder of what is kept on disk: the configured one, else one of the user's own."""
    return settings.cache.folder or user_cache_path("wheelgate") / "kept"  # beside it lie the clients' bundles


def store_folder(settings: Settings) -> Path:
    """Give the folder of what lasts and cannot be fetched again: the configured one, else one of the user's own."""
    return settings.store.folder or user_data_path("wheelgate") / "store"


def certs_folder(settings: Settings) -> Path:
    """Give the folder of the CA: the configured one, `certs/` in a checkout, else one of the user's own."""
    if settings.certs is not None:
        return settings.certs
    if (_CHECKOUT / "certs" / "README.md").is_file():
        return _CHECKOUT / "certs"
    return user_data_path("wheelgate") / "certs"

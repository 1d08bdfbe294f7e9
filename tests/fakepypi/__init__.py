"""The project's own PyPI, for tests: real pages, real distributions, and every fault an upstream can have."""

from tests.fakepypi.asking import client_for
from tests.fakepypi.faultlist import Fault
from tests.fakepypi.faults import (
    ContentType,
    Corrupt,
    ExtraBytes,
    GzipBody,
    Hang,
    IgnoreRange,
    LastByteMissing,
    LoginPage,
    NoContentLength,
    Redirect,
    Reset,
    Slow,
    Status,
    Truncate,
    TruncateHead,
    WrongRange,
)
from tests.fakepypi.files import FakeFile
from tests.fakepypi.index import FakeIndex
from tests.fakepypi.log import Seen
from tests.fakepypi.pypi import FakePyPI

__all__ = [
    "ContentType",
    "Corrupt",
    "ExtraBytes",
    "FakeFile",
    "FakeIndex",
    "FakePyPI",
    "Fault",
    "GzipBody",
    "Hang",
    "IgnoreRange",
    "LastByteMissing",
    "LoginPage",
    "NoContentLength",
    "Redirect",
    "Reset",
    "Seen",
    "Slow",
    "Status",
    "Truncate",
    "TruncateHead",
    "WrongRange",
    "client_for",
]

"""Which sdists' PKG-INFO is final: what every build of them will say (PEP 643)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.metadata.bounded import NotADistribution
from addons.metadata.final import check_final


def pkg_info(version: str, *more: str, body: str = "") -> bytes:
    """A PKG-INFO of this metadata version."""
    return "\n".join([f"Metadata-Version: {version}", "Name: demo", "Version: 1.0", *more, "", body]).encode()


@pytest.mark.parametrize("version", ["2.2", "2.3", "2.4", "2.5", "2.6", "2.10", " 2.2 "])
def test_pkg_info__of_version_2_2_and_nothing_dynamic__is_final(version: str) -> None:
    """MET-07, MET-15: whatever its description says, and with fields that nobody knows yet."""
    check_final(pkg_info(version, "License-Expression: MIT", "Future: yes", body="Dynamic: Requires-Dist\n"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"Name: demo\nVersion: 1.0\n",
        *(pkg_info(version) for version in ("1.0", "2.1", "2.2rc1", "2", "3.0", "10.0", "", "two")),
        pkg_info("2.2", "Dynamic: Requires-Dist"),
        pkg_info("2.2", "dynamic: Requires-Dist"),
        pkg_info("2.6", "Dynamic: Classifier"),
        pkg_info("2.2", "Dynamic:"),
        pkg_info("2.2", "License: MIT", "Dynamic: License", "Dynamic: Summary"),
    ],
)
def test_pkg_info__of_another_version_or_with_something_dynamic__is_not(content: bytes) -> None:
    """MET-07: older ones promise nothing, and of a next major version nobody knows the rules."""
    with pytest.raises(NotADistribution):
        check_final(content)


@given(st.binary(max_size=200))
def test_anything__read_as_pkg_info__is_final_or_refused_in_plain_words(content: bytes) -> None:
    """MET-07: with no other error, and nothing of it reaches the log as it is."""
    for metadata in (content, b"Metadata-Version: 2.2\nDynamic: " + content, b"Metadata-Version: " + content):
        words = refusal(metadata)
        assert words.isascii()
        assert words.isprintable()


def refusal(metadata: bytes) -> str:
    """Why it is not final; nothing if it is."""
    try:
        check_final(metadata)
    except NotADistribution as error:
        return str(error)
    return ""

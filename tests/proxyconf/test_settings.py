"""Settings as structs: defaults, normalisation, and what no struct may hold."""

import pickle
from contextlib import nullcontext
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from addons.policies.deny import DenyRule
from proxyconf.addresses import Address
from proxyconf.misfit import Misfit
from proxyconf.rules import Policy, one_of
from proxyconf.settings import PYPI, OtherHosts, Settings, Source, Upstream
from proxyconf.uploads import Uploads


def test_settings__nothing_given__has_pypi_alone() -> None:
    """Out of the box there is one public source, PyPI, on a port of this machine only."""
    settings = Settings()
    assert settings.sources == (PYPI,)
    assert settings.listen == ("127.0.0.1", 8080)
    assert settings.policies == ()


def test_settings__own_sources_given__have_no_pypi_added() -> None:
    """What is written is what there is."""
    source = Source(name="acme", folder=Path("wheels"))
    assert Settings(sources=(source,)).sources == (source,)


def test_settings__pickled__are_the_same() -> None:
    """Settings travel to worker processes whole."""
    rule = DenyRule(project="numpy", versions=SpecifierSet("<2"), reason="old")
    settings = Settings(
        policies=(Policy(name="deny", rules=(rule,)),),
        upstream=Upstream(connect_to={"pypi.org": Address("192.0.2.1", 443)}),
    )
    assert pickle.loads(pickle.dumps(settings)) == settings


def test_settings__changed__refuse() -> None:
    """A request sees one configuration from start to end: settings are frozen."""
    with pytest.raises(AttributeError):
        Settings().contact = "somebody"  # type: ignore[misc]  # the very thing under test


@pytest.mark.parametrize(
    ("written", "expected"),
    [("Acme", "acme"), ("acme_core.x", "acme-core-x"), ("acme-*", "acme-*"), ("Acme_*", "acme-*"), ("a.-b.*", "a-b-*")],
)
def test_reserved__any_spelling__is_normalised(written: str, expected: str) -> None:
    """Reserved names and prefixes have one spelling."""
    assert Settings(reserved=(written,)).reserved == (expected,)


def test_source__pypi_without_files_host__has_it() -> None:
    """Who writes pypi.org as a source need not know where its files lie."""
    assert Source(name="pypi", index="https://PyPI.org/simple", public=True) == PYPI


def test_source__folder_or_private_index__is_own() -> None:
    """A source is the organisation's own unless it says that it is public."""
    assert Source(name="a", folder=Path("wheels")).own
    assert Source(name="a", index="https://example.org/simple/").own
    assert not PYPI.own


def test_source__password_named__is_read_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The password comes from the environment, and never shows in the struct."""
    monkeypatch.setenv("ACME_PASSWORD", "hunter2")
    source = Source(name="a", index="https://example.org/", username="me", password_env="ACME_PASSWORD")
    assert source.password() == "hunter2"
    assert "hunter2" not in repr(source)


def test_upstream__proxy_password_file__is_read_without_line_end(tmp_path: Path) -> None:
    """A password file's line end is not part of the password."""
    file = tmp_path / "password"
    file.write_bytes(b" hunter 2 \r\n")
    upstream = Upstream(proxy="http://proxy.example.org:80", proxy_username="me", proxy_password_file=file)
    assert upstream.proxy_password() == " hunter 2 "
    assert "hunter" not in repr(upstream)


def test_upstream__no_password_named__has_none() -> None:
    """Without a variable or a file there is no password."""
    assert Upstream().proxy_password() is None


def test_upstream__dialled_hosts__are_normalised() -> None:
    """The host to dial for is found in whatever spelling it was written."""
    assert list(Upstream(connect_to={"PyPI.org.": Address("192.0.2.1", 443)}).connect_to) == ["pypi.org"]


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), 0.0])
def test_upstream__no_real_limit__is_refused(seconds: float) -> None:
    """A time limit that never comes, or has always come, is none."""
    with pytest.raises(Misfit):
        Upstream(read_seconds=seconds)


def test_other_hosts__allowed__are_normalised() -> None:
    """Allowed hosts are compared in one spelling."""
    assert OtherHosts(allow=("GitLab.Example.ORG",)).allow == ("gitlab.example.org",)


def test_policy__as_it_is_written__has_name_and_rules() -> None:
    """A policy says which one it is, and has its rules in the order written."""
    deny = DenyRule(project="numpy", reason="old")
    written = one_of({"deny": DenyRule})(deny=(deny,))
    assert written.written() == {"deny": (deny,)}


def test_rule__reason_of_many_lines__is_one_line() -> None:
    """A reason can be folded over lines in YAML: clients show it on one."""
    assert DenyRule(project="numpy", reason=" too\n  old \n").reason == "too old"


@pytest.mark.parametrize(
    ("forward", "reserved", "fits"),
    [
        ("acme-open", "acme-*", True),
        ("acme-*", "acme-*", False),
        ("acme-*", "acme-secret", False),
        ("acme-open-*", "acme-*", False),
        ("Acme.Open", "acme-open", False),
        ("acme", "acme-*", True),
        ("acme-*", "acme", True),
        ("acmeopen-*", "acme-*", True),
    ],
)
def test_settings__with_uploads_that_go_on_and_are_reserved__are_refused(
    forward: str, reserved: str, fits: bool
) -> None:
    """UPL-25: what is reserved is the organisation's, and is in `forward` only by a name that is written out."""
    uploads = Uploads(forward=(forward,))
    with nullcontext() if fits else pytest.raises(Misfit, match="would go on to the public PyPI"):
        Settings(reserved=(reserved,), uploads=uploads)

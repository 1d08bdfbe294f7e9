"""The variables for a client, and the lines that set them in a shell."""

import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import requests.utils

from addons.trust.environment import Shell, client_environment, no_proxy, shell_lines

PROXY = "http://127.0.0.1:8080"
BUNDLE = Path("/var/lib/wheelgate/bundle.pem")
NOWHERE = Path("/nowhere/pip.conf")


def variables(home: Path, **environment: str) -> dict[str, str]:
    """What a user with that environment gets, on a machine without a configuration of pip."""
    return client_environment(PROXY, BUNDLE, environment, home=home, pip_site=NOWHERE)


def test_environment__plain_user__gets_proxy_roots_and_exemptions(tmp_path: Path) -> None:
    """Exactly these variables, and none that leads other traffic elsewhere."""
    local = "localhost,127.0.0.1,::1"
    assert variables(tmp_path) == {
        "HTTPS_PROXY": PROXY,
        "https_proxy": PROXY,
        "SSL_CERT_FILE": str(BUNDLE),
        "REQUESTS_CA_BUNDLE": str(BUNDLE),
        "CURL_CA_BUNDLE": str(BUNDLE),
        "PIP_CERT": str(BUNDLE),
        "NO_PROXY": local,
        "no_proxy": local,
    }


def test_environment__bundle_is_relative__becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that changes its folder still finds it."""
    monkeypatch.chdir(tmp_path)
    found = client_environment(PROXY, Path("bundle.pem"), {}, home=tmp_path, pip_site=NOWHERE)
    assert found["SSL_CERT_FILE"] == str(tmp_path / "bundle.pem")


@pytest.mark.parametrize("variable", ["ALL_PROXY", "HTTP_PROXY", "SSL_CERT_DIR", "UV_SYSTEM_CERTS"])
def test_environment__variables_that_are_the_users__are_not_touched(tmp_path: Path, variable: str) -> None:
    """What does not defeat the gateway stays as it is."""
    assert variable not in variables(tmp_path, **{variable: "mine"})


def test_environment__user_has_pip_proxy__is_overridden(tmp_path: Path) -> None:
    """pip prefers it to HTTPS_PROXY."""
    assert variables(tmp_path, PIP_PROXY="http://proxy.example.com:3128")["PIP_PROXY"] == PROXY


@pytest.mark.parametrize("section", ["global", "download"])
def test_environment__proxy_in_pips_configuration__is_overridden(tmp_path: Path, section: str) -> None:
    """pip prefers that one too, and only PIP_PROXY comes before it."""
    (tmp_path / "pip.conf").write_text(f"[{section}]\nproxy = http://proxy.example.com:3128\n")
    assert variables(tmp_path, PIP_CONFIG_FILE=str(tmp_path / "pip.conf"))["PIP_PROXY"] == PROXY


def test_environment__home_not_given__is_the_environments(tmp_path: Path) -> None:
    """pip's configuration is looked for below HOME."""
    (tmp_path / ".pip").mkdir()
    (tmp_path / ".pip" / "pip.conf").write_text("[global]\nproxy = http://proxy.example.com:3128\n")
    assert "PIP_PROXY" in client_environment(PROXY, BUNDLE, {"HOME": str(tmp_path)}, pip_site=NOWHERE)


def test_environment__user_has_twine_cert__is_overridden(tmp_path: Path) -> None:
    """twine prefers it to REQUESTS_CA_BUNDLE; its roots are in the bundle."""
    assert variables(tmp_path, TWINE_CERT="/etc/corporate.pem")["TWINE_CERT"] == str(BUNDLE)


def test_no_proxy__users_entries__stay_in_their_order_each_once() -> None:
    """Both spellings of the variable count, commas and blanks part them."""
    found = no_proxy(
        {"NO_PROXY": "gitlab.example.org, 10.0.0.0/8", "no_proxy": ".example.com 127.0.0.1,gitlab.example.org,"}
    )
    assert found == ["gitlab.example.org", "10.0.0.0/8", ".example.com", "127.0.0.1", "localhost", "::1"]


@pytest.mark.parametrize("entry", ["[::1]", "[::1]:8080"])
def test_no_proxy__address_in_brackets__loses_them(entry: str) -> None:
    """httpx fails for every request with such an entry."""
    assert no_proxy({"no_proxy": entry}) == ["::1", "localhost", "127.0.0.1"]


@pytest.mark.parametrize(
    "entry",
    [
        *("*", "pypi.org", ".pypi.org", "*.pypi.org", "PyPI.org", "pypi.org:443", "pypi.org.", "https://pypi.org/"),
        *("files.pythonhosted.org", ".pythonhosted.org", "upload.pypi.org", "any.pypi.org", "python.org"),
        *("org", ".org", "*.org", "i.org", "*pypi*", "all://pypi.org", "pypi.io", "."),
    ],
)
def test_no_proxy__entry_leads_round_the_gateway__is_dropped_in_words(
    entry: str, caplog: pytest.LogCaptureFixture
) -> None:
    """PyPI is reached through the gateway, whatever a client makes of an entry."""
    assert no_proxy({"NO_PROXY": f"example.org,{entry}"}) == ["example.org", "localhost", "127.0.0.1", "::1"]
    assert f"NO_PROXY: {entry} left out" in caplog.text


@pytest.mark.parametrize("entry", ["example.org", ".notpypi.org", "mypypi.org", "pypi.org.example.com", "192.0.2.0/24"])
def test_no_proxy__entry_that_only_looks_like_pypi__stays(entry: str) -> None:
    """The user's own hosts keep going round."""
    assert entry in no_proxy({"NO_PROXY": entry})


def test_no_proxy__as_made__is_understood_by_httpx_and_requests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This machine goes round, PyPI does not, and nothing crashes."""
    for name, value in variables(tmp_path, NO_PROXY="[::1],*").items():
        if "PROXY" in name.upper():
            monkeypatch.setenv(name, value)
    httpx.Client().close()
    for url, proxied in {"https://[::1]/": False, "https://localhost/": False, "https://pypi.org/": True}.items():
        assert requests.utils.should_bypass_proxies(url, no_proxy=None) is not proxied, urlsplit(url).hostname


AWKWARD = "a b'c\"d$HOME`e`\\f!g*;#%é"


def test_shell_lines__sh__evaluates_to_the_very_value() -> None:
    """A real shell gives back what was put in, character for character."""
    lines = shell_lines({"FIRST": AWKWARD, "SECOND": ""}, "sh")
    script = lines + 'printf \'%s|%s\' "$FIRST" "$SECOND"'
    answer = subprocess.run(["/bin/sh", "-c", script], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"})
    assert answer.stdout.decode() == f"{AWKWARD}|"


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("sh", "export A='it'\"'\"'s !\\';\n"),
        ("fish", "set -gx A 'it\\'s !\\\\';\n"),
        ("csh", "setenv A 'it'\"'\"'s \\!\\';\n"),
    ],
)
def test_shell_lines__quote_bang_and_backslash__are_quoted_for_the_shell(shell: Shell, line: str) -> None:
    """Each shell has its own rules inside single quotes."""
    assert shell_lines({"A": "it's !\\"}, shell) == line


@pytest.mark.parametrize("shell", ["sh", "fish", "csh"])
def test_shell_lines__line_break_in_a_value__is_refused(shell: Shell) -> None:
    """Such a value could become a command."""
    with pytest.raises(ValueError, match="A: holds a line break"):
        shell_lines({"A": "x\nrm"}, shell)

"""Rules of claims, principals and orphans, as an operator writes them."""

from pathlib import Path

import pytest

from proxyconf import whom
from proxyconf.misfit import Misfit
from proxyconf.reading import ConfigurationError, read_text

WHERE = Path("wheelgate.yaml")


@pytest.mark.parametrize(
    ("pattern", "principal", "expected"),
    [
        ("user:*", "user:alice", True),
        ("user:*", "user:alice@gitlab", False),
        ("user:a*e", "user:alice", True),
        ("user:a*e", "user:alicex", False),
        ("user:a.ice", "user:alice", False),
        ("ci:acc/*@gitlab", "ci:acc/controls/demo@gitlab", True),
        ("ci:acc/*@gitlab", "ci:accel/demo@gitlab", False),
        ("ci:acc/*@gitlab", "ci:acc/demo@github", False),
        ("ci:acc/*@gitlab", "user:acc/x@gitlab", False),
        ("*", "ci:any/thing@where", True),
        ("group:controls", "group:Controls", False),
    ],
)
def test_pattern__of_principals__fits_kind_name_and_realm(pattern: str, principal: str, expected: bool) -> None:
    """A star is any text within the name, and nothing of the realm."""
    assert whom.fits(whom.pattern(pattern), whom.principal(principal)) is expected


@pytest.mark.parametrize(
    "text", ["", "alice", "users:*", "user:", "user:a b ", "ci:x@*", "user:[a]", "**@x", "user:a@B"]
)
def test_pattern__that_is_none__is_said(text: str) -> None:
    """With one that would be."""
    with pytest.raises(Misfit, match="is no pattern of principals; write one like"):
        whom.pattern(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{claims: [{names: [], by: ['*']}]}", '"uploads.ownership.claims[0].names" is empty'),
        ("{claims: [{names: ['acme*'], by: ['*']}]}", 'write "acme-*"'),
        ("{claims: [{names: ['*'], by: [alice]}]}", '"alice" is no pattern of principals'),
        ("{claims: [{names: ['*'], by: ['*'], owner: 'user:*'}]}", "is no principal"),
        ("{orphans: {check: [who-left]}}", "begins with no whole path of a program"),
        ("{orphans: {check: [/bin/x, '']}}", "is empty or has a NUL in it"),
        ("{orphans: {check: [/bin/x], known_users: y}}", "stands beside check; keep one of the two"),
        ("{orphans: {to: 'user:a', to_command: [/bin/x]}}", "stands beside to; keep one of the two"),
        ("{orphans: {every_hours: 24}}", 'write "to" or "to_command", too'),
        ("{public_names: {list_minutes: 0}}", "write minutes from 1 to 1440"),
    ],
)
def test_ownership__that_cannot_be_used__is_said(text: str, words: str) -> None:
    """In the words of the configuration, at its place."""
    with pytest.raises(ConfigurationError) as raised:
        read_text(f"uploads: {{ownership: {text}}}", WHERE)
    assert words.split('" ')[-1] in raised.value.words
    assert raised.value.line == 1

"""How a name stands in a distinguished name (RFC 4514) and in a filter (RFC 4515), so that it is nothing but a name. Pure."""

import re

_SPECIAL_IN_DN = frozenset('"+,;<>\\=#')
_USER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._+-]{0,98}[A-Za-z0-9_+-])?")


def is_user(name: str) -> bool:
    """Tell whether it can be the name of somebody who owns something: what directories take for the same has one spelling."""
    return _USER.fullmatch(name) is not None


def in_dn(value: str) -> str:
    """Escape an attribute's value for a distinguished name (RFC 4514 section 2.4)."""
    escaped = "".join(_in_dn(character) for character in value)
    if escaped.startswith(" "):
        escaped = f"\\{escaped}"
    if len(value) > 1 and escaped.endswith(" "):
        escaped = f"{escaped[:-1]}\\ "
    return escaped


def _in_dn(character: str) -> str:
    if character in _SPECIAL_IN_DN:
        return f"\\{character}"
    return f"\\{ord(character):02x}" if ord(character) < 0x20 or ord(character) == 0x7F else character


def in_filter(value: str) -> str:
    """Escape a value for a filter (RFC 4515 section 3)."""
    return "".join(_in_filter(character) for character in value)


def _in_filter(character: str) -> str:
    if character in "*()\\" or ord(character) < 0x20 or ord(character) == 0x7F:
        return f"\\{ord(character):02x}"
    return character


def relative_value(dn: str, attribute: str, below: str) -> str | None:
    """Give the value of the first part of a DN that lies below another, if that part is of this attribute; None otherwise."""
    from ldap3.core.exceptions import LDAPInvalidDnError
    from ldap3.utils.dn import parse_dn

    try:
        parts, above = parse_dn(dn, strip=True), parse_dn(below, strip=True)
    except LDAPInvalidDnError:
        return None
    if len(parts) <= len(above) or not above or _plain(parts[-len(above) :]) != _plain(above):
        return None
    kind, value, joint = parts[0]
    return _unescaped(value) if joint == "," and kind.lower() == attribute.lower() else None


def _plain(parts: list[tuple[str, str, str]]) -> list[tuple[str, str]]:
    return [(kind.strip().lower(), _unescaped(value).strip().lower()) for kind, value, _ in parts]


def _unescaped(value: str) -> str:
    return re.sub(r"\\([0-9A-Fa-f]{2}|.)", lambda m: chr(int(m[1], 16)) if len(m[1]) == 2 else m[1], value)

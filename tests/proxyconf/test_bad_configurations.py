"""Each bad configuration is refused with its place, the name at fault, what is wrong and what to do."""

from pathlib import Path

import pytest

from addons.policies.kinds import KINDS
from proxyconf.reading import ConfigurationError, read_text
from tests.proxyconf.bad_clients import CLIENTS
from tests.proxyconf.bad_configurations import KEYS, SYNTAX, TYPES, VALUES
from tests.proxyconf.places import furnish

TABLES = {"syntax": SYNTAX, "keys": KEYS, "types": TYPES, "values": VALUES, "clients": CLIENTS}
ROWS = [pytest.param(*row[1:], id=f"{table}: {row[0]}") for table, rows in TABLES.items() for row in rows]


@pytest.mark.parametrize(("text", "place", "fragments"), ROWS)
def test_reading__bad_text__says_where_and_what(
    tmp_path: Path, text: str, place: str, fragments: tuple[str, ...]
) -> None:
    """A bad configuration's error begins with file:line:column, and says what is wrong without any secret."""
    path = furnish(tmp_path)
    with pytest.raises(ConfigurationError) as raised:
        read_text(text, path, KINDS)
    said = str(raised.value)
    assert said.startswith(f"{path}:{place}: "), said
    assert [fragment for fragment in fragments if fragment not in raised.value.words] == [], said
    assert "hunter" not in said
    assert "12345" not in said
    assert "\n" not in said
    assert f"{raised.value.line}:{raised.value.column}" == place
    assert raised.value.__suppress_context__, "a chained error would show what the words leave out"


def test_reading__alias_bomb__is_refused(tmp_path: Path) -> None:
    """A few lines of aliases that mean billions of values are refused before they fill the memory."""
    bomb = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    bomb += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(ConfigurationError, match="values, aliases followed"):
        read_text("\n".join(bomb), tmp_path / "wheelgate.yaml")

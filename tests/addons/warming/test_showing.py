"""How far a command is: bars on a terminal, lines elsewhere."""

import io

import pytest
from rich.console import Console

from addons.warming.showing import Bars, Lines


def test_bars__while_files_come__show_each_with_its_bytes_and_all_together() -> None:
    """On a terminal; what is said stands above them, and they go in the end."""
    screen = io.StringIO()
    with Bars(Console(file=screen, force_terminal=True, width=120)) as bars:
        for name, size in {"one.whl": 3_000_000, "two.whl": None}.items():
            bars.expect(name, size)
            bars.step(name, 1_500_000)
        bars.say("[half] way")
        bars.refresh()
        bars.done("two.whl", 1.0, whole=True)
    text = screen.getvalue()
    assert all(words in text for words in ("one.whl", "1.5/3.0 MB", "two.whl", "all files", "wheelgate: [half] way"))


def test_lines__file_is_there__say_how_much_and_how_fast(capsys: pytest.CaptureFixture[str]) -> None:
    """Of one that came to nothing it is said elsewhere why."""
    with Lines() as lines:
        for name, whole in {"one.whl": True, "two.whl": False}.items():
            lines.expect(name, 3_000_000)
            lines.step(name, 3_000_000)
            lines.done(name, 2.0, whole=whole)
    assert capsys.readouterr().err == "wheelgate: one.whl: 3.0 MB, 1.5 MB/s\n"

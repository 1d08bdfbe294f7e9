import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.simple.names import InvalidName, normalise, spelled


@pytest.mark.parametrize(
    "text", ["friendly-bard", "Friendly-Bard", "FRIENDLY.BARD", "friendly__bard", "FrIeNdLy-._.-bArD"]
)
def test_normalise__any_spelling__one_name(text: str) -> None:
    """NAM-01: runs of hyphens, underscores and dots become one hyphen, letters become small."""
    assert normalise(text) == "friendly-bard"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-a",
        "a-",
        "_",
        ".",
        "a b",
        "foo\n",
        "\nfoo",
        "a/b",
        "\u212aubernetes",
        "reque\u017fts",
        "naïve",
        "a\0",
        "a%2e",
        "..",
        "a" * 9 + "é",
    ],
)
def test_normalise__no_valid_name__refused(text: str) -> None:
    """NAM-02: checked in ASCII, to the end of the string, before lower-casing."""
    with pytest.raises(InvalidName):
        normalise(text)
    assert spelled(text) is None


@given(st.text(max_size=30))
def test_normalise__arbitrary_text__normal_or_refused(text: str) -> None:
    """NAM-01, NAM-02: what comes out is ASCII, lower-case, and its own normal form."""
    name = spelled(text)
    if name is not None:
        assert text.isascii()
        assert name == name.lower() == normalise(name)
        assert not {"_", "."} & set(name)
        assert "--" not in name


def test_normalise__hostile_text__named_without_control_characters() -> None:
    """An error's words can be logged: printable ASCII and short."""
    with pytest.raises(InvalidName) as caught:
        normalise("\x1b[31m\n\u202e" * 1000)
    assert str(caught.value).isascii()
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 2000

from hypothesis import example, given, settings
from hypothesis import strategies as st

from addons.policies.wording import line, words
from addons.simple.page import Refusal

URL = "http://gateway.example.org:8080/explain/demo"
texts = st.text(st.sampled_from("ab. "), max_size=400)


@settings(max_examples=60)
@given(texts, st.text("x", max_size=250), st.sampled_from(["", "Ask #python-help"]))
@example("a" * 300, "", "")
@example("", "x" * 250, "Ask #python-help")
def test_line__of_any_length__fits_and_ends_in_its_url(reason: str, ticket: str, contact: str) -> None:
    """A reason phrase has 200 characters: the URL is never what is cut, and the policy comes first."""
    said = line(Refusal("deny", reason, ticket or None), contact, URL)
    assert len(said) <= 200
    assert said.startswith("Blocked by wheelgate: deny")
    assert said.endswith(f" {URL}")


def test_line__without_a_url__is_the_words() -> None:
    """Nothing is cut for what is not there."""
    refusal = Refusal("deny", "because " * 50)
    assert line(refusal, "", "") == words(refusal, "")

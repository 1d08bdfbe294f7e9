from hypothesis import given
from hypothesis import strategies as st

from addons.simple.negotiation import coding, negotiate
from tests.addons.simple import rfc9110
from tests.addons.simple.drawing import law

_names = st.sampled_from([rfc9110.JSON, rfc9110.HTML, rfc9110.LEGACY, *rfc9110.ALIASES.values()])
_ranges = _names | st.sampled_from(
    ["*/*", "application/*", "text/*", "image/*", "application/json", "text", "a/b/c", "*", "/", "text/", "te xt/html"]
)
_codings = st.sampled_from(["gzip", "x-gzip", "zstd", "identity", "*", "br", "deflate", "gz ip", "", "(gzip)"])
_spaces = st.sampled_from(["", " ", "\t", "  "])
_qualities = st.sampled_from(["0", "1", "0.", "1.000", "0.000", "1.001", "2", ".5", "0.1234", "-1", "", '"1"', "x"]) | (
    st.integers(0, 1000).map(lambda thousandths: f"{thousandths / 1000:.3f}")
)
_parameters = (
    st.builds(lambda name, quality: f"{name}={quality}", st.sampled_from(["q", "Q"]), _qualities)
    | st.sampled_from(["charset=utf-8", 'v="a,b;q=0"', 'v="\\""', "level=1", "q", "=1", "", "a b=c", "é=1"])
)  # fmt: skip


def _headers(names: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Draw lists of what a header may hold, well formed and not, in any case, with spaces in all places."""
    parameters = st.lists(
        st.builds(lambda before, text, after: f"{before};{after}{text}", _spaces, _parameters, _spaces)
    )
    cased = st.builds(lambda name, upper: name.upper() if upper else name, names, st.booleans())
    element = st.builds(lambda before, name, more, after: before + name + "".join(more) + after, _spaces, cased,
                        parameters.filter(lambda more: len(more) < 4), _spaces)  # fmt: skip
    return st.lists(element, max_size=5).map(",".join)


@law
@given(_headers(_ranges))
def test_negotiate__any_accept_header__as_the_letter_of_the_rfc(header: str) -> None:
    """NEG-01, NEG-07, NEG-08: weights, specificity, exclusion and malformed elements, against RFC 9110 to the letter."""
    assert negotiate(header).value == rfc9110.form(header)


@law
@given(_headers(_codings))
def test_coding__any_accept_encoding_header__as_the_letter_of_the_rfc(header: str) -> None:
    """CCH-13: compressed only for who names the coding, and wants it no less than what is not compressed."""
    assert coding(header) == rfc9110.coding(header)


@law
@given(_headers(_ranges), _headers(_ranges))
def test_negotiate__two_headers_in_one__order_means_nothing(one: str, two: str) -> None:
    """NEG-01: preference is by weight and specificity, never by place (RFC 9110 section 12.5.1)."""
    assert negotiate(f"{one},{two}") is negotiate(f"{two},{one}")

"""Why nothing is announced of a file: the most telling reason first."""

import pytest

from addons.announcing.links import Terms
from addons.cache.announced import Entry
from addons.inspecting.reasons import Known, reason
from addons.simple.page import File

WHEEL, SDIST = "demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz"
NOTHING = Known(None, "", lies_here=False, apart=False)
DAMAGED = Known(Entry("ranges", 1.0, reason="is damaged"), "", lies_here=True, apart=True)


@pytest.mark.parametrize(
    ("filename", "known", "terms", "words"),
    [
        (WHEEL, Known(None, "has no sha256", lies_here=True, apart=True), Terms(), "has no sha256"),
        (WHEEL, DAMAGED, Terms(), "is damaged"),
        (SDIST, DAMAGED, Terms(sdists=False), "is an sdist, and `metadata.sdists` is off"),
        (SDIST, DAMAGED, Terms(sdists=True), "is damaged"),
        (SDIST, NOTHING, Terms(sdists=True), "is an sdist that is not in the cache"),
        (WHEEL, Known(None, "", lies_here=True, apart=False), Terms(), "lies in the cache, but has not been read yet"),
        (WHEEL, NOTHING, Terms(offline=True), "`offline` is true"),
        (WHEEL, NOTHING, Terms(ahead=False), "with `metadata.ahead` off"),
        (WHEEL, Known(None, "", lies_here=False, apart=True), Terms(), "that of other files only"),
        (WHEEL, NOTHING, Terms(), "has not been seen to give any"),
    ],
)
def test_reason__of_what_is_known__is_the_most_telling(filename: str, known: Known, terms: Terms, words: str) -> None:
    """MET-02: what stands in the way for good comes before what may change by itself."""
    assert words in reason(File(filename=filename, url="https://files.example.org/x", hashes={}), known, terms)

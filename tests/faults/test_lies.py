"""A page that is wrong about a file's length: the hash decides what the file is, the length is a claim."""

from pathlib import Path

import pytest

from tests.addons.cache.fetching import as_kept
from tests.fakepypi import FakePyPI
from tests.faults.stage import Got, kept, stage

SIZE = 1_200_000
CLAIMS = [0, 1, SIZE // 2, SIZE - 1, SIZE + 1, 100 * SIZE]


@pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])
async def test_kept_file__whose_page_is_wrong_about_its_length__is_given_and_kept(
    pypi: FakePyPI, tmp_path: Path, restarted: bool
) -> None:
    """FIL-10, FIL-03: whole with its true length, ranges of what there is, and nobody is asked again."""
    file, cache = pypi.big("demo", "1.0", SIZE), tmp_path / "cache"
    async with stage(pypi, cache) as on:
        await on.ask(file)
    for claim in CLAIMS:
        async with stage(pypi, cache) as on:
            if not restarted:
                await on.ask(file)
            assert await on.ask(file, size=claim) == Got(200, file.content, None)
            if claim > 100:
                part = await on.ask(file, {"Range": "bytes=50-99"}, size=claim)
                assert part == Got(206, file.content[50:100], f"bytes 50-99/{SIZE}")
                end = await on.ask(file, {"Range": "bytes=-100"}, size=claim)
                assert end == Got(206, file.content[-100:], f"bytes {SIZE - 100}-{SIZE - 1}/{SIZE}")
            assert on.blobs.snapshot()["damaged"] == 0
    assert kept(cache) == as_kept(file.content)
    assert len(pypi.asked(file.path)) == 1


async def test_file__whose_page_is_wrong_about_its_length__is_refused_in_words_while_it_is_not_kept(
    pypi: FakePyPI, tmp_path: Path
) -> None:
    """Page and source contradict each other, and who is wrong shows at the end only; for others nothing changes."""
    file, cache = pypi.big("demo", "1.0", SIZE), tmp_path / "cache"
    async with stage(pypi, cache) as on:
        for claim in CLAIMS:
            assert await on.ask(file, size=claim) is None
            assert kept(cache) == {}
        assert await on.ask(file) == Got(200, file.content, None)

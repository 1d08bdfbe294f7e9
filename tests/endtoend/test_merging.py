"""A project that the configuration merges: real clients install what either source has, and the own file of two."""

from pathlib import Path

from tests.endtoend.clients import Client, every_client
from tests.endtoend.conftest import House


@every_client
def test_install__merged_project__has_the_releases_of_both(client: Client, house: House, tmp_path: Path) -> None:
    """MRG-05, MRG-13: one that only PyPI has, and one that only the folder has; unpinned, the highest of all."""
    house.pypi.release("lens", "2.0", announce_metadata=True)
    for wanted, version in (("lens==2.0", "2.0"), ("lens==1.0+acme", "1.0+acme"), ("lens", "3.0"), ("lens<3", "2.0")):
        place = tmp_path / version / ("pinned" if "=" in wanted else "free")
        place.mkdir(parents=True)
        done = house.install(client, place, wanted)
        assert done.installed == {"lens": version}, done.output


@every_client
def test_install__file_that_both_have__is_the_own_one(client: Client, house: House, tmp_path: Path) -> None:
    """MRG-05: PyPI's file of that name, which has other bytes, is never even fetched."""
    public = house.pypi.release("prism", "3.0", size_padding=1_000)
    done = house.install(client, tmp_path, "prism==3.0")
    assert done.installed == {"prism": "3.0"}, done.output
    assert house.pypi.asked("/simple/prism/") != []
    assert house.pypi.asked(public.path) == []

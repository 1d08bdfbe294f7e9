"""Following a configuration file through the ways in which files are changed."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from proxyconf.reading import ConfigurationError, read
from proxyconf.rules import Extensible, Kinds
from proxyconf.settings import Settings
from proxyconf.watching import Seen, watch

Outcome = Settings | ConfigurationError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A configuration file whose contact is "first"."""
    file = tmp_path / "wheelgate.yaml"
    file.write_text("contact: first\n")
    return file


async def outcome(changes: AsyncGenerator[Seen], unlike: str = "first") -> Outcome:
    """The next one, which must come soon; what was there at the beginning, with this contact, is passed over."""
    async with asyncio.timeout(20):
        found = (await anext(changes)).outcome
        if isinstance(found, Settings) and found.contact == unlike:
            found = (await anext(changes)).outcome
        return found


def contact(found: Outcome) -> str:
    assert isinstance(found, Settings), found
    return found.contact


def write(path: Path, text: str = "contact: second\n") -> Path:
    path.write_text(text)
    return path


def rename(path: Path, text: str = "contact: second\n") -> None:
    write(path.with_name(".wheelgate.yaml.swp"), text).replace(path)


def remove(path: Path) -> None:
    path.unlink()


def remove_and_make(path: Path) -> None:
    remove(path)
    write(path)


@pytest.mark.parametrize("change", [write, rename, remove_and_make])
async def test_watch__file_changed__yields_the_new_settings(path: Path, change: Callable[[Path], object]) -> None:
    """However an editor writes, the new settings come."""
    async with aclosing(watch(path, known=read(path))) as changes:
        change(path)
        assert contact(await outcome(changes)) == "second"


async def test_watch__same_content_again__yields_nothing(path: Path) -> None:
    """Only a real change of the content counts: the first thing to come is what differs."""
    async with aclosing(watch(path, known=read(path))) as changes:
        coming = asyncio.create_task(outcome(changes))
        write(path, "contact: first\n")
        rename(path, "contact: first\n")
        write(path.with_name("other.yaml"), "x")
        write(path, "contact: third\n")
        assert contact(await coming) == "third"


async def test_watch__file_emptied_for_good__yields_the_defaults(path: Path) -> None:
    """Whoever means it has it a second later."""
    async with aclosing(watch(path, known=read(path))) as changes:
        write(path, "")
        assert contact(await outcome(changes)) == ""


async def test_watch__bad_content__yields_the_error_and_goes_on(path: Path) -> None:
    """A mistake while editing is told, and so is its correction."""
    async with aclosing(watch(path, known=read(path))) as changes:
        write(path, "contcat: x\n")
        found = await outcome(changes)
        assert isinstance(found, ConfigurationError)
        assert found.line == 1
        write(path, "contact: second\n")
        assert contact(await outcome(changes)) == "second"


async def test_watch__file_gone_and_back__yields_one_error_and_settings(path: Path) -> None:
    """A file that is gone is told once; when it is back, its settings come though they are the old ones."""
    async with aclosing(watch(path, known=read(path))) as changes:
        remove(path)
        assert isinstance(await outcome(changes), ConfigurationError)
        write(path.with_name("other.yaml"), "x")
        write(path, "contact: first\n")
        assert contact(await outcome(changes, unlike="")) == "first"


async def test_watch__config_map_swapped__yields_the_new_settings(tmp_path: Path) -> None:
    """A mounted ConfigMap changes by a symbolic link to another folder."""
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "wheelgate.yaml").write_text(f"contact: {name}\n")
    (tmp_path / "..data").symlink_to("first")
    path = tmp_path / "wheelgate.yaml"
    path.symlink_to("..data/wheelgate.yaml")
    async with aclosing(watch(path, known=read(path))) as changes:
        (tmp_path / "..new").symlink_to("second")
        (tmp_path / "..new").replace(tmp_path / "..data")
        assert contact(await outcome(changes)) == "second"
        (tmp_path / "second" / "wheelgate.yaml").write_text("contact: third\n")
        assert contact(await outcome(changes)) == "third"


async def test_watch__named_folder_made_later__yields_the_settings(path: Path) -> None:
    """While the configuration is at fault, what it names is looked at again, though nobody touches it."""
    known = read(path)
    write(path, "sources: [{name: acme, folder: inner/wheels}]\n")
    async with aclosing(watch(path, known=known)) as changes:
        assert isinstance(await outcome(changes), ConfigurationError)
        path.with_name("inner").mkdir()
        path.with_name("inner").joinpath("wheels").mkdir()
        found = await outcome(changes)
        assert isinstance(found, Settings)
        assert found.sources[0].name == "acme"


async def test_watch__folder_not_there_yet__yields_once_it_is(tmp_path: Path) -> None:
    """A configuration whose whole folder comes later (a mount) is taken up when it comes."""
    path = tmp_path / "mount" / "wheelgate.yaml"
    async with aclosing(watch(path, known=Settings())) as changes:
        assert isinstance(await outcome(changes), ConfigurationError)
        path.parent.mkdir()
        write(path, "contact: late\n")
        assert contact(await outcome(changes)) == "late"


async def test_watch__stop_set__ends(path: Path) -> None:
    """The watch ends by itself when it is told to stop."""
    stop = asyncio.Event()
    coming = asyncio.create_task(anext(watch(path, stop), None))
    asyncio.get_running_loop().call_later(0.05, stop.set)
    async with asyncio.timeout(20):
        assert await coming is None


async def test_watch__cancelled__leaves_the_callers_event_alone(path: Path) -> None:
    """Cancelling one watch, in which nothing came, doesn't stop what else listens to the same event."""
    stop = asyncio.Event()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.3):
            await anext(watch(path, stop))
    assert not stop.is_set()


class OwnFolder:
    """A folder of own policies: what is in it, and how often it was read. `moves`: it changes while it is read next."""

    def __init__(self) -> None:
        self.state = self.reads = 0
        self.moves = False

    def find(self, folder: Path) -> Kinds:
        """Read the folder."""
        self.reads += 1
        self.state += self.moves
        self.moves = False
        return {}

    def stamp(self, folder: Path) -> object:
        """Give what changes with it."""
        return self.state


@pytest.mark.parametrize(("moves", "reads"), [(False, 1), (True, 2)])
async def test_watch__with_own_policies__reads_an_edit_again_only_if_the_folder_changed_meanwhile(
    path: Path, moves: bool, reads: int
) -> None:
    """What changed after it was read and before it was stamped would never be seen; else reading twice is time lost."""
    folder = OwnFolder()
    kinds = Extensible({}, folder.find, folder.stamp)
    async with aclosing(
        watch(write(path, "own_policies: .\ncontact: first\n"), known=Settings(), kinds=kinds)
    ) as changes:
        assert contact((await anext(changes)).outcome) == "first"
        before, folder.moves = folder.reads, moves
        rename(path, "own_policies: .\ncontact: second\n")
        assert contact(await outcome(changes)) == "second"
        assert folder.reads - before == reads

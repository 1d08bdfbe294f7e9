"""What is fetched before anybody asks for it: which files, in which order, at which rate."""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.announcing.ahead import FILES, RELEASES, Ahead, machine, next_asked, next_of
from addons.simple.page import File, Page, Refusal
from addons.sources.source import SourceUnavailable
from tests.addons.sources.places import DEMO

LINUX, MAC, WINDOWS = "cp312-cp312-manylinux_2_17_x86_64", "cp312-cp312-macosx_11_0_arm64", "cp312-cp312-win_amd64"
ANY = "py3-none-any"


def file(version: str, tag: str = ANY, **changes: object) -> File:
    """A wheel of the page."""
    name = f"demo-{version}-{tag}.whl"
    return File(**{"filename": name, "url": f"https://example.org/{name}", "hashes": {}, **changes})  # type: ignore[arg-type] # as the test says


def chosen(files: Iterable[File], lacking: Callable[[File], bool] = lambda file: True, *used: str) -> list[str]:
    """What is fetched of a page: version and tag."""
    machines = [machine(f"demo-1-{tag}.whl") for tag in used]
    found = next_asked(Page(project=DEMO, files=tuple(files)), lacking, machines)
    return [each.filename.removeprefix("demo-").removesuffix(".whl") for each in found]


@pytest.mark.parametrize(
    ("filename", "wanted"),
    [
        (f"demo-1.0-{LINUX}.manylinux2014_x86_64.whl", ("cp312", "manylinux", "x86_64")),
        (f"demo-1.0-{MAC}.whl", ("cp312", "macosx", "arm64")),
        (f"demo-1.0-{WINDOWS}.whl", ("cp312", "win", "amd64")),
        ("demo-1.0-1-cp312-abi3-musllinux_1_2_aarch64.whl", ("cp312", "musllinux", "aarch64")),
        ("demo-1.0-py2.py3-none-any.whl", ("py2.py3", "any", "")),
        ("demo-1.0-cp312-cp312-ios_13_0_arm64.whl", ("cp312", "ios_13_0_arm64", "")),
        ("demo-1.0-cp312-cp312-win32.whl", ("cp312", "win", "32")),
        ("demo-1.0-py3.whl", ("demo", "", "")),
        ("demo-1.0.whl", ("", "", "")),
        ("demo.whl", ("", "", "")),
        (".whl", ("", "", "")),
    ],
)
def test_machine__of_a_wheels_name__is_told_without_versions(filename: str, wanted: tuple[str, ...]) -> None:
    """MET-04: a name of an old page, with fewer parts, fails nobody's request."""
    found = machine(filename)
    assert found[0] == wanted[0]
    assert found == wanted or filename.count("-") < 4


def test_releases__of_a_page__are_the_three_newest_newest_first() -> None:
    """MET-04: by version, not by place; pre-releases last, as resolvers take them; yanked and refused ones never."""
    files = [file(version) for version in ("1.10", "1.9", "2.0rc1", "1.8", "1.7")]
    assert chosen(files) == [f"{version}-{ANY}" for version in ("1.10", "1.9", "1.8")]
    files = [file("3.0", yanked=True), file("2.9", refused=Refusal("deny", "no")), file("2.0b1"), file("1.0")]
    assert chosen(files) == [f"1.0-{ANY}", f"2.0b1-{ANY}"]
    odd = [File("demo-1.0.tar.gz", "https://example.org/", {}), File("demo-5-py3.whl", "https://example.org/", {})]
    assert chosen([*odd, file("x.y"), file("1.0")]) == ["5-py3", f"1.0-{ANY}"]


def test_files__of_a_release__are_those_for_machines_in_use() -> None:
    """MET-04: for any machine first, then the kind that asked last; two of a release, and no more if these are had."""
    files = [file("1.0", tag) for tag in (WINDOWS, MAC, LINUX)]
    assert chosen(files, lambda file: True, MAC, LINUX) == [f"1.0-{LINUX}", f"1.0-{MAC}"]
    assert chosen(files, lambda file: True, LINUX, WINDOWS) == [f"1.0-{WINDOWS}", f"1.0-{LINUX}"]
    assert chosen([*files, file("1.0")], lambda file: True, LINUX) == [f"1.0-{ANY}", f"1.0-{LINUX}"]
    had = {f"demo-1.0-{LINUX}.whl", f"demo-1.0-{MAC}.whl"}
    assert chosen(files, lambda file: file.filename not in had, MAC, LINUX) == []


versions = st.sampled_from(["1.0", "1.1", "2.0", "2.0rc1", "3.0.dev1", "not.a.version"])
wheels = st.builds(file, versions, st.sampled_from([ANY, LINUX, MAC, WINDOWS]), yanked=st.booleans())


@given(st.lists(wheels, max_size=12, unique_by=lambda each: each.filename), st.sets(st.sampled_from([LINUX, MAC, ANY])))
def test_next__of_any_page__is_bounded_and_lacking(files: list[File], had: set[str]) -> None:
    """MET-04: never more than three releases and two files of each; nothing that is had, yanked, or twice."""

    def lacks(each: File) -> bool:
        return not any(tag in each.filename for tag in had)

    found = next_asked(Page(project=DEMO, files=tuple(files)), lacks, [])
    assert len(found) <= RELEASES * FILES
    assert len({each.filename for each in found}) == len(found)
    assert all(lacks(each) and not each.yanked for each in found)


class Pauses:
    """Time that passes only when the test says so."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.waiting: list[asyncio.Future[None]] = []

    async def __call__(self, seconds: float) -> None:
        """Wait until the test lets time pass."""
        self.asked.append(seconds)
        if seconds:
            self.waiting.append(asyncio.get_running_loop().create_future())
            await self.waiting[-1]
        else:
            await asyncio.sleep(0)

    def pass_by(self) -> None:
        """Let all go on that wait."""
        for each in self.waiting:
            if not each.done():
                each.set_result(None)
        self.waiting.clear()


async def turns(number: int = 20) -> None:
    """Let everything run that can."""
    for _ in range(number):
        await asyncio.sleep(0)


async def at_once(seconds: float) -> None:
    """Let no time pass."""
    await asyncio.sleep(0)


async def test_jobs__are_done_the_latest_first_two_at_a_time_ten_a_second() -> None:
    """MET-04: whoever asks now is followed by a client sooner; upstream hardly notices."""
    pauses, done = Pauses(), list[int]()
    ahead = Ahead(pauses)

    async def job(number: int) -> None:
        done.append(number)

    for number in range(6):
        ahead.want(number, partial(job, number), paced=True)
    await turns()
    assert done == [5, 4]
    assert [seconds for seconds in pauses.asked if seconds] == [0.2, 0.2]
    while pauses.waiting:
        pauses.pass_by()
        await turns()
    assert done == [5, 4, 3, 2, 1, 0]
    await ahead.idle()


async def test_jobs__that_ask_no_upstream__are_not_held_back() -> None:
    """MET-04: looking through pages takes no turn of those that fetch."""
    pauses, done = Pauses(), list[int]()
    ahead = Ahead(pauses)

    async def job(number: int) -> None:
        done.append(number)

    for number in range(6):
        ahead.want(number, partial(job, number))
    await ahead.idle()
    assert (done, set(pauses.asked)) == ([5, 4, 3, 2, 1, 0], {0})


async def test_job__wanted_again_before_it_began__is_done_once_and_sooner() -> None:
    """MET-04: a page that is shown a hundred times is looked through once."""
    ahead, done = Ahead(at_once), list[str]()

    async def job(name: str) -> None:
        done.append(name)

    for name in ("a", "b", "a", "a"):
        ahead.want(name, lambda name=name: job(name))  # type: ignore[misc] # bound at once
    await ahead.idle()
    assert done == ["a", "b"]


async def test_jobs__more_than_two_hundred__make_the_oldest_give_way() -> None:
    """MET-04: memory is bounded; what was wanted long ago is not needed any more."""
    ahead, done = Ahead(at_once), list[int]()

    async def job(number: int) -> None:
        done.append(number)

    for number in range(500):
        ahead.want(number, lambda number=number: job(number))  # type: ignore[misc] # bound at once
    await ahead.idle()
    assert sorted(done) == list(range(300, 500))


async def test_job__whose_source_is_down__does_not_stop_the_others() -> None:
    """MET-04: it is tried again when its page is shown again."""
    ahead, done = Ahead(at_once), list[int]()

    async def job(number: int) -> None:
        done.append(number)
        raise SourceUnavailable("down")

    for number in range(5):
        ahead.want(number, lambda number=number: job(number))  # type: ignore[misc] # bound at once
    await ahead.idle()
    assert sorted(done) == [0, 1, 2, 3, 4]


async def test_ahead__that_is_closed__does_nothing_more() -> None:
    """MET-04: what is under way ends, what waits and what is wanted later never begins."""
    ahead, began, ended = Ahead(at_once), asyncio.Event(), list[str]()

    async def job() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("job")

    for number in range(3):
        ahead.want(number, job)
    await began.wait()
    await ahead.close()
    assert set(ended) == {"job"}
    ahead.want("later", job)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_machines__that_ask__are_remembered_twenty_of_them() -> None:
    """MET-04: sdists and odd names tell of none, and fail nobody."""
    ahead = Ahead(at_once)
    for number in range(30):
        ahead.asked(f"demo-1.0-cp{number}-abi3-{LINUX.rpartition('-')[2]}.whl")
    ahead.asked("demo-1.0.tar.gz")
    ahead.asked("demo.whl")
    assert len(list(ahead.machines)) == 20
    page = Page(project=DEMO, files=tuple(file(f"1.{number}") for number in range(200)))
    assert len(await next_of(page, lambda file: True, ahead)) == RELEASES

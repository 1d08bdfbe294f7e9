import threading
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import override

import pytest
from packaging.specifiers import SpecifierSet

from addons.announcing.announcer import Announcer
from addons.announcing.links import Announced, Terms
from addons.answering.offer import Judged, Judgements, Offer
from addons.cache.recent import Recent
from addons.policies.allow import Allow
from addons.policies.deny import Deny, DenyRule
from addons.policies.formats import Formats, FormatsRule
from addons.policies.policy import Policy
from addons.simple.names import ProjectName
from addons.simple.page import File, Page
from addons.sources.index import Index
from addons.sources.priority import Part, Priority, Reserved
from addons.sources.source import ProjectAbsent, SourceUnavailable
from tests.addons.answering.asking import AT, found, offer
from tests.addons.answering.in_hand import InHand
from tests.addons.policies.rules import Idle, allow_rule, deny_rule, wheel
from tests.addons.policies.rules import page as page_of
from tests.addons.sources.places import own_folder, private_index, public_index, put_wheel
from tests.fakepypi import FakePyPI, Status

DEMO = ProjectName("demo")


@pytest.fixture
async def index(pypi: FakePyPI) -> AsyncIterator[Index]:
    async with public_index(pypi) as running:
        yield running


def deny(project: str = "demo", versions: str | None = None) -> Policy:
    specifiers = None if versions is None else SpecifierSet(versions)
    return Deny([DenyRule(project=project, versions=specifiers, reason="x")])


async def test_shown__of_pypi__has_its_urls_unchanged(pypi: FakePyPI, index: Index) -> None:
    """Lock files written through the gateway hold PyPI's own URLs."""
    file = pypi.release("demo", "1.0")
    [listed] = (await found(offer(index))).shown.files
    assert listed.url == file.url


async def test_shown__of_another_source__has_urls_on_the_files_host(pypi: FakePyPI, tmp_path: Path) -> None:
    """MRG-11: absolute https, the filename last, a plus sign escaped; no path of the machine, no address of the index."""
    put_wheel(tmp_path, "demo", "1.0+local.1")
    private = pypi.private()
    private.release("other", "1.0")
    async with private_index(pypi, private) as registry:
        asked = offer(own_folder(tmp_path), registry)
        [own] = (await found(asked)).shown.files
        [other] = (await found(asked, "other")).shown.files
    files = "https://files.pythonhosted.org/wheelgate"
    assert own.url == f"{files}/acme/demo/demo-1.0%2Blocal.1-py3-none-any.whl"
    assert other.url == f"{files}/registry/other/other-1.0-py3-none-any.whl"


async def test_file__of_another_source__has_the_url_that_its_source_reads(pypi: FakePyPI) -> None:
    """What is shown is for clients; the source knows the file by its own address."""
    private = pypi.private()
    file = private.release("demo", "1.0")
    async with private_index(pypi, private) as registry:
        offered = (await found(offer(registry))).file(file.filename)
    assert offered is not None
    assert (offered.source, offered.file.url) == (registry, file.url)


@pytest.mark.parametrize("hide", [False, True])
async def test_shown__under_a_policy__shows_or_hides_what_is_refused(pypi: FakePyPI, index: Index, hide: bool) -> None:
    """`refusals` changes what is shown and nothing else: the page behind it has the verdicts in either case."""
    pypi.release("demo", "1.0")
    pypi.release("demo", "2.0")
    offered = await found(offer(index, policies=[deny(versions="==2.0")], hide=hide))
    assert [file.filename[5:8] for file in offered.shown.files] == (["1.0"] if hide else ["1.0", "2.0"])
    assert [file.refused is not None for file in offered.page.files] == [False, True]


@pytest.mark.parametrize("hide", [False, True])
async def test_file__on_its_projects_page__is_offered_with_its_verdict(
    pypi: FakePyPI, index: Index, hide: bool
) -> None:
    """The policies of the page are those of the file; a hidden file is refused as well, with the same words."""
    good, bad = pypi.release("demo", "1.0"), pypi.release("demo", "2.0")
    asked = await found(offer(index, policies=[deny(versions="==2.0")], hide=hide))
    offered = asked.file(good.filename)
    assert offered is not None
    assert (offered.project, offered.source, offered.file.url, offered.file.refused) == (DEMO, index, good.url, None)
    offered = asked.file(bad.filename)
    assert offered is not None
    assert offered.file.refused is not None


async def test_file__that_the_page_does_not_list__is_not_offered(pypi: FakePyPI, index: Index) -> None:
    """FIL-07: unlisted, or of another name: the bytes may be there, and are not given."""
    pypi.release("demo", "1.0")
    removed = pypi.release("demo", "2.0")
    pypi.unlist(removed, keep_bytes=True)
    asked = await found(offer(index))
    assert [asked.file(name) for name in (removed.filename, "demo-3.0-py3-none-any.whl", "odd", "")] == [None] * 4


async def test_find__of_a_removed_project__is_absent(pypi: FakePyPI, index: Index) -> None:
    """What upstream took down is not there, whatever bytes it left lying."""
    pypi.release("gone", "1.0")
    pypi.remove("gone")
    with pytest.raises(ProjectAbsent):
        await found(offer(index), "gone")


async def test_file__of_a_quarantined_project__is_not_offered(pypi: FakePyPI, index: Index) -> None:
    """YNK-09: PyPI leaves the bytes where they are; the page decides."""
    file = pypi.release("demo", "1.0")
    pypi.quarantine("demo")
    assert (await found(offer(index))).file(file.filename) is None


async def test_find__of_a_project_that_is_the_organisations__has_nothing_public(
    pypi: FakePyPI, index: Index, tmp_path: Path
) -> None:
    """MRG-02: what is its own is not offered from elsewhere; nor is PyPI asked about the name."""
    put_wheel(tmp_path, "demo", "1.0")
    public = pypi.release("demo", "9.0")
    pypi.release("acme-web", "9.0")
    asked = offer(own_folder(tmp_path), index, reserved=["acme-*"])
    assert (await found(asked)).file(public.filename) is None
    with pytest.raises(ProjectAbsent):
        await found(asked, "acme-web")
    assert pypi.requests == []


async def test_find__while_the_index_is_down__is_unavailable(pypi: FakePyPI, index: Index) -> None:
    """Nothing is known, so nothing is refused for ever and nothing is given."""
    pypi.release("demo", "1.0")
    pypi.fault("/simple/", Status(500))
    with pytest.raises(SourceUnavailable):
        await found(offer(index))


async def test_find__of_nobodys_project__is_absent(tmp_path: Path) -> None:
    """Absent is told to the caller as it is."""
    with pytest.raises(ProjectAbsent):
        await found(offer(own_folder(tmp_path)))


async def test_file__of_a_merged_project__has_the_source_that_it_came_from(
    pypi: FakePyPI, index: Index, tmp_path: Path
) -> None:
    """MRG-05, MRG-11: each file is shown where it can be had, and read from the source that has it."""
    put_wheel(tmp_path, "demo", "1.0")
    public = pypi.release("demo", "2.0")
    folder = own_folder(tmp_path)
    asked = await found(offer(folder, index, merge={DEMO: [folder, index]}))
    shown = {file.filename[5:8]: file.url for file in asked.shown.files}
    own = "https://files.pythonhosted.org/wheelgate/acme/demo/demo-1.0-py3-none-any.whl"
    assert shown == {"1.0": own, "2.0": public.url}
    sources = [offered.source for file in asked.shown.files if (offered := asked.file(file.filename)) is not None]
    assert sorted(source.name for source in sources) == ["acme", "pypi"]


class Where(Idle):
    """A policy that changes nothing, and notes in which thread it was asked."""

    def __init__(self) -> None:
        self.asked: list[threading.Thread] = []

    @override
    def apply(self, page: Page, at: datetime) -> Page:
        """Note the thread."""
        self.asked.append(threading.current_thread())
        return page


@pytest.mark.parametrize(("files", "aside"), [(3, False), (150, True)])
async def test_policies__of_a_large_page__are_applied_beside_the_event_loop(
    pypi: FakePyPI, index: Index, files: int, aside: bool
) -> None:
    """Rules on versions read thousands of filenames; meanwhile everybody else is answered."""
    for number in range(files):
        pypi.add_bytes("demo", f"1.{number}", f"demo-1.{number}.tar.gz", b"x")
    where = Where()
    await found(offer(index, policies=[where]))
    [thread] = where.asked
    assert (thread is not threading.main_thread()) is aside


class Noted(Recent[Hashable, Judged]):
    """A memory that notes in which thread it was written to."""

    def __init__(self) -> None:
        super().__init__(10_000)
        self.kept_by: list[threading.Thread] = []

    @override
    def keep(self, key: Hashable, value: Judged, weight: int) -> None:
        """Note the thread."""
        self.kept_by.append(threading.current_thread())
        super().keep(key, value, weight)


async def test_judgements__worked_out_beside_the_event_loop__are_remembered_on_it() -> None:
    """The memory is no thread's but the loop's: of two that wrote at once one could lose what the other counts on."""
    judgements = Judgements()
    judgements.recent = noted = Noted()
    large = page_of(*(wheel(f"{number}.0") for number in range(300)), version="v")
    await found(offer(InHand(large), judgements=judgements), large.project)
    assert noted.kept_by == [threading.main_thread()]


class Curious(Announcer):
    """An announcer that asks of every file whether it is offered."""

    def __init__(self) -> None:
        self.terms = Terms()
        self.offered: list[bool] = []

    @override
    def at_hand(self, parts: Sequence[Part]) -> None:
        """Have to ask."""

    @override
    async def known(
        self, parts: Sequence[Part], offers: Callable[[Part, File], bool] = lambda part, file: True
    ) -> tuple[Announced, ...]:
        self.offered = [offers(part, file) for part in parts for file in part.page.files]
        return ()


async def test_announcer__that_asks_for_an_own_file__hears_what_the_page_will_say(tmp_path: Path) -> None:
    """A file alone is judged as an own source's, as it is on its page."""
    put_wheel(tmp_path, "demo", "1.0")
    for own, offered in ((False, True), (True, False)):
        policies = [Formats([FormatsRule(refuse=("wheel",), own=own)])]
        curious = Curious()
        asked = Offer(Priority([own_folder(tmp_path)], Reserved([])), policies, hide=True, announcer=curious)
        assert (curious.offered, bool((await found(asked)).shown.files)) == ([], offered)
        assert curious.offered == [offered]


SECOND = timedelta(seconds=1)


class Slipping(Idle):
    """A policy that fails the first time it is asked, and counts how often it was."""

    calls = 0

    @override
    def apply(self, page: Page, at: datetime) -> Page:
        """Raise, once."""
        self.calls += 1
        if self.calls == 1:
            raise RuntimeError("boom")
        return page


@pytest.mark.parametrize("files", [1, 150])
async def test_find__after_a_policy_failed__is_judged_again(files: int) -> None:
    """A fault refuses that page for a second, is counted, and what it gave is not kept for those who come later."""
    source = InHand(page_of(*(wheel(f"{number}.0") for number in range(files)), version="v"))
    judgements, slipping = Judgements(), Slipping()
    asked = offer(source, policies=[slipping], judgements=judgements)
    project = ProjectName("foo-bar")
    refused = [[file.refused is not None for file in (await asked.find(project, at)).page.files]
               for at in (AT, AT + SECOND / 2, AT + SECOND, AT + 9 * SECOND)]  # fmt: skip
    assert refused == [[True] * files, [True] * files, [False] * files, [False] * files]
    assert (slipping.calls, judgements.failed) == (2, {"slipping": (1, "foo-bar")})


@pytest.mark.parametrize("files", [1, 150])
async def test_find__at_the_very_second_a_rule_ends__finds_another_page(files: int) -> None:
    """Under the same configuration and of the same upstream page: the clock alone does it, and a later one stays."""
    source = InHand(page_of(*(wheel(f"{number}.0") for number in range(files)), version="v"))
    end = AT + SECOND
    rules = [deny_rule(files=("*.whl",), until=end), deny_rule("other", until=AT + SECOND / 2)]
    asked = offer(source, policies=[Deny(rules)])
    moments = [AT, end - timedelta(microseconds=1), end, end + timedelta(days=400)]
    found = [await asked.find(ProjectName("foo-bar"), at) for at in moments]
    assert [each.page.files[-1].refused is not None for each in found] == [True, True, False, False]
    assert [each.left(at) for each, at in zip(found, moments, strict=True)] == [1.0, 1e-6, None, None]
    first, before, after, later = (each.version for each in found)
    assert (first, after) == (before, later)
    assert first != after


async def test_find__at_the_second_an_exemption_ends__refuses_again() -> None:
    """What was let through for a while is refused as before."""
    source = InHand(page_of(wheel("1.0"), version="v"))
    asked = offer(source, policies=[Allow([allow_rule(until=AT + SECOND)]), Deny([deny_rule()])])
    found = [await asked.find(ProjectName("foo-bar"), at) for at in (AT, AT + SECOND)]
    assert [each.page.files[0].refused is not None for each in found] == [False, True]
    assert [each.page.status for each in found] == [None, "quarantined"]


async def test_find__with_the_clock_set_back__is_what_that_instant_has() -> None:
    """A rule that was seen to end is in force again where the clock says so: nothing is let through by a wrong clock."""
    source = InHand(page_of(wheel("1.0"), version="v"))
    asked = offer(source, policies=[Deny([deny_rule(until=AT + SECOND)])])
    moments = [AT, AT + SECOND, AT + SECOND / 2, AT + SECOND]
    found = [await asked.find(ProjectName("foo-bar"), at) for at in moments]
    assert [each.page.files[0].refused is not None for each in found] == [True, False, True, False]

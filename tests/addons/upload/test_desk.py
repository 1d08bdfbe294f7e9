import asyncio
import errno
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, override

import pytest

from addons.simple.names import normalise
from addons.store.database import DatabaseUnavailable
from addons.store.projects import NotAdded, Projects
from addons.store.shelf import Shelf
from addons.upload.desk import Uploads
from addons.upload.said_in_form import UNPUBLISHED
from proxyconf.settings import Settings
from proxyconf.uploads import Limit
from proxyconf.uploads import Uploads as UploadSettings
from tests.addons.upload.fakes import AT, METADATA, Counter, Others, asked, counter, slow
from tests.addons.upload.forms import Part, form, pieces, upload

WHEEL = "demo-1.0-py3-none-any.whl"


@pytest.fixture
def desk(tmp_path: Path) -> Counter:
    """A desk over an empty store."""
    return counter(tmp_path)


def nothing_left(desk: Counter) -> bool:
    """Tell whether the store is as empty as it was."""
    files = [path for path in desk.parts.shelf.folder.rglob("*") if path.is_file()]
    return not desk.incoming and not files and desk.standing() is None


# What is taken


async def test_upload__that_is_sound__is_in_the_store_with_its_metadata(desk: Counter) -> None:
    """UPL-16, UPL-17: 200 once the file, its metadata and its row are there, and the source was told."""
    answer = await desk.upload(b"wheel")
    assert (answer.status, answer.body) == (200, b"")
    standing = desk.standing()
    assert standing is not None
    (file,) = standing.files
    assert (file.file.filename, file.by, file.uploaded) == (WHEEL, "user:alice", AT)
    assert desk.parts.shelf.path(file.file.sha256).read_bytes() == b"wheel"
    assert desk.parts.shelf.path(hashlib.sha256(METADATA).hexdigest()).read_bytes() == METADATA
    assert desk.others.told == ["who", "permit", "who", "permit", "examine", "names", "permit", "arrived demo"]
    assert desk.incoming == []


@pytest.mark.parametrize("order", ["twine", "uv", "backwards"])
async def test_upload__with_its_parts_in_any_order__is_taken(desk: Counter, order: str) -> None:
    """UPL-04: twine has the metadata first, uv the action, and attestations behind the file."""
    parts = upload(b"wheel")
    turned: dict[str, list[Part]] = {
        "twine": parts,
        "uv": [(":action", "file_upload"), *(each for each in parts if each[0] != ":action"), ("attestations", "[{}]")],
        "backwards": parts[::-1],
    }
    assert (await desk.take(*turned[order])).status == 200
    assert desk.filenames() == [WHEEL]


async def test_upload__sent_again__changes_nothing(desk: Counter) -> None:
    """UPL-13, UPL-20: the same file again is 200, also where it would not be found sound or be free today."""
    assert (await desk.upload(b"wheel")).status == 200
    before = desk.standing()
    desk.others.problems, desk.others.public = ("no longer sound",), frozenset({"demo"})
    assert (await desk.upload(b"wheel")).status == 200
    assert desk.standing() == before


async def test_upload__of_one_file_twenty_times_at_once__is_there_once(desk: Counter) -> None:
    """UPL-20: whoever comes second finds it there."""
    await desk.upload(b"first", "demo-0.1.tar.gz", version="0.1")
    body = form(*upload(bytes(5000)))
    answers = await asyncio.gather(*(desk.desk.take(asked(), slow(body)) for _ in range(20)))
    assert [answer.status for answer in answers] == [200] * 20
    assert desk.filenames() == ["demo-0.1.tar.gz", WHEEL]
    assert desk.incoming == []


# What is in the way


async def test_upload__of_other_bytes_under_a_name__is_told_that_it_exists(desk: Counter) -> None:
    """UPL-13: 400, in the words that `twine --skip-existing` knows."""
    await desk.upload(b"wheel")
    answer = await desk.upload(b"other")
    assert answer.status == 400
    assert answer.reason.startswith(f"File already exists ('{WHEEL}', with blake2_256 hash '")
    assert desk.filenames() == [WHEEL]


async def test_upload__of_the_same_bytes_under_another_name__is_refused_as_nothing_to_skip(desk: Counter) -> None:
    """UPL-13, UPL-21: what was to be uploaded is not there, so no client may call it a success."""
    await desk.upload(b"wheel")
    answer = await desk.upload(b"wheel", "demo-1.0-py2-none-any.whl")
    assert answer.status == 400
    assert "already exist" not in answer.reason + answer.body.decode()
    assert WHEEL in answer.reason


async def test_upload__of_a_second_sdist__is_refused(desk: Counter) -> None:
    """UPL-11: one sdist per release."""
    await desk.upload(b"one", "demo-1.0.tar.gz", filetype="sdist")
    answer = await desk.upload(b"two", "demo-1.0.zip", filetype="sdist")
    assert (answer.status, answer.reason[:46]) == (400, "Only one sdist may be uploaded per release. Th")


async def test_upload__under_a_name_that_was_deleted__is_refused(desk: Counter) -> None:
    """UPL-14, UPL-21: in words that no client takes for success."""
    await desk.upload(b"wheel")
    projects = desk.parts.projects
    assert isinstance(projects, Projects)
    projects.delete(normalise("demo"), [WHEEL], "wrong", lambda _: None, by="alice", at=AT)
    for content in (b"wheel", b"other"):
        answer = await desk.upload(content)
        assert (answer.status, answer.reason[:33]) == (400, "This filename was previously used")
        assert b"already exist" not in answer.body


# Who, and whether they may


@pytest.mark.parametrize("authorization", [None, "Basic rubbish", "Bearer abc"])
async def test_upload__by_nobody_that_is_known__is_refused_before_all_else(
    desk: Counter, authorization: str | None
) -> None:
    """UPL-24: a bad token is told first, before a byte is read, whatever else is wrong."""
    taken: list[bytes] = []

    async def body() -> AsyncIterator[bytes]:
        taken.append(b"")
        yield b"no form"

    answer = await desk.desk.take(asked(authorization=authorization, action="doc_upload"), body())
    assert (answer.status, answer.reason) == (403, "Invalid or non-existent authentication information.")
    assert taken == []
    assert nothing_left(desk)


async def test_upload__by_who_may_not__is_refused_before_its_file_is_read(desk: Counter) -> None:
    """UPL-26: and in the change itself again."""
    desk.others.may_not = frozenset({"demo"})
    answer = await desk.upload()
    assert (answer.status, answer.reason) == (403, "The given token isn't allowed to upload to project 'demo'.")
    assert desk.others.told == ["who", "permit"]
    assert nothing_left(desk)


async def test_upload__of_a_new_name_that_is_public__is_refused_before_it_is_stored(desk: Counter) -> None:
    """UPL-27: no byte of it lies in the store then; of a project that is there nobody asks."""
    desk.others.public = frozenset({"demo"})
    answer = await desk.upload()
    assert (answer.status, answer.reason) == (403, "The name 'demo' is public.")
    assert nothing_left(desk)


async def test_upload__to_a_project_of_another_own_source__is_refused(desk: Counter) -> None:
    """Two places that publish one name would hide what the other has."""
    desk.others.elsewhere_has = frozenset({"demo"})
    answer = await desk.upload()
    assert answer.status == 403
    assert "comes from the source 'acme'" in answer.reason
    assert nothing_left(desk)


# What is wrong with it


@pytest.mark.parametrize(
    ("parts", "status", "words"),
    [
        ({":action": "submit"}, 410, "Project pre-registration is no longer required"),
        ({":action": "submit_pkg_info"}, 410, "Project pre-registration is no longer required"),
        ({":action": "doc_upload"}, 410, "Uploading documentation is no longer supported"),
        ({":action": "list_classifiers"}, 405, "An upload has the :action 'file_upload'"),
        ({":action": ""}, 405, "An upload has the :action 'file_upload', and this one has no"),
        ({"protocol_version": "2"}, 400, "Unknown protocol version."),
        ({"protocol_version": "1.0"}, 400, "Unknown protocol version."),
        ({"name": ""}, 400, "Invalid value for name. Error: This field is required."),
        ({"name": "-demo"}, 400, "The name '-demo' is invalid."),
        ({"name": "d\u00e9mo"}, 400, "The name 'd\\xe9mo' is invalid."),
        ({"sha256_digest": ""}, 400, "Error: Include at least one message digest."),
        ({"sha256_digest": "0" * 64}, 400, "The digest supplied does not match"),
        ({"md5_digest": "0" * 32}, 400, "The digest supplied does not match"),
        ({"blake2_256_digest": "x"}, 400, "The digest supplied does not match"),
        ({"attestations": "[]"}, 400, "Invalid attestations supplied during upload: they are an empty array."),
        ({"attestations": "{}"}, 400, "Invalid attestations supplied during upload: they are no JSON array."),
        ({"attestations": "[" * 100_000}, 400, "Invalid attestations supplied during upload: they are no JSON"),
    ],
)  # fmt: skip
async def test_upload__with_a_wrong_field__is_refused_in_words(
    desk: Counter, parts: dict[str, str], status: int, words: str
) -> None:
    """UPL-02, UPL-03, UPL-05, UPL-28, UPL-23: in PyPI's words where it has them, and nothing is left."""
    answer = await desk.upload(b"wheel", WHEEL, **parts)
    assert (answer.status, answer.reason[: len(words)]) == (status, words)
    assert nothing_left(desk)


@pytest.mark.parametrize(
    ("query", "status"),
    [({"action": "file_upload"}, 200), ({"action": "submit"}, 410), ({"action": "x"}, 405), ({"protocol_version": "2"}, 400),
     ({"protocol_version": "1"}, 200)],
)  # fmt: skip
async def test_upload__whose_query_says_what_it_is__is_taken_by_it(
    desk: Counter, query: dict[str, str], status: int
) -> None:
    """UPL-01: action and protocol version may stand there as well."""
    silent = [each for each in upload() if each[0] not in (":action" if "action" in query else "", "protocol_version")]
    assert (await desk.desk.take(asked(**query), pieces(form(*silent)))).status == status


async def test_upload__whose_form_and_query_differ__is_refused(desk: Counter) -> None:
    """UPL-07: neither of the two wins."""
    answer = await desk.desk.take(
        asked(action="file_upload"), pieces(form(*upload(b"wheel", WHEEL, **{":action": "submit"})))
    )
    assert (answer.status, answer.reason) == (400, "Invalid value for :action. Error: form and query say two things.")


async def test_digests__in_any_case_and_all_of_them__are_compared(desk: Counter) -> None:
    """UPL-05: hex in any case; one of three is enough, and each that is given must be right."""
    digests = {
        "md5_digest": hashlib.md5(b"wheel", usedforsecurity=False).hexdigest().upper(),
        "sha256_digest": hashlib.sha256(b"wheel").hexdigest().upper(),
        "blake2_256_digest": hashlib.blake2b(b"wheel", digest_size=32).hexdigest(),
    }
    for name, value in digests.items():
        only = {**dict.fromkeys(digests, ""), name: value}
        assert (await desk.upload(b"wheel", **only)).status == 200
    assert (await desk.upload(b"wheel", **digests)).status == 200


async def test_upload__without_a_file__is_refused(desk: Counter) -> None:
    """UPL-23: in PyPI's words."""
    answer = await desk.take(*upload()[:-1])
    assert (answer.status, answer.reason) == (400, "Upload payload does not have a file.")


async def test_upload__with_attestations__is_told_that_none_are_published(desk: Counter) -> None:
    """UPL-28: accepted as a field, ignored, and said so."""
    answer = await desk.upload(attestations='[{"version": 1}]')
    assert (answer.status, answer.body.decode()) == (200, f"{UNPUBLISHED}\n")


async def test_upload__that_is_unsound__is_told_all_that_is_wrong(desk: Counter) -> None:
    """UPL-18: the first in the phrase, all in the body, and nothing is left."""
    desk.others.problems = ("Invalid distribution file. It is no ZIP.", "The version is none.")
    answer = await desk.upload()
    assert (answer.status, answer.reason) == (400, "Invalid distribution file. It is no ZIP. (and 1 more, in the body)")
    assert nothing_left(desk)


# How large


async def test_upload__beyond_a_limit__is_refused(tmp_path: Path) -> None:
    """UPL-12: of a file and of a project, for all or for one; a repeat of what is there stays harmless."""
    limits = (Limit(project="demo", max_project_gb=0.001), Limit(project="acme-*", max_file_mb=2))
    desk = counter(tmp_path, Settings(uploads=UploadSettings(max_file_mb=1, limits=limits)))
    large = await desk.upload(bytes(1_000_001))
    assert (large.status, large.reason) == (400, "File too large. Limit for project files here is 1 MB.")
    assert (await desk.upload(bytes(1_500_000), "acme_x-1.0.tar.gz", name="acme-x")).status == 200
    assert (await desk.upload(bytes(700_000))).status == 200
    full = await desk.upload(bytes(700_001), "demo-2.0.tar.gz", version="2.0")
    assert (full.status, full.reason[:35]) == (400, "Project size too large. Limit for a")
    assert (await desk.upload(bytes(700_000))).status == 200
    assert desk.filenames() == [WHEEL]


async def test_upload__that_announces_too_much__is_refused_before_it_is_read(desk: Counter) -> None:
    """UPL-12: no file of any project is so large."""
    answer = await desk.desk.take(replace(asked(), length=10**12), pieces(b""))
    assert (answer.status, answer.reason[:15]) == (400, "File too large.")


# Faults of ours


class FullShelf(Shelf):
    """A shelf on a disk that has no room."""

    @override
    def put(self, spooled: Path, sha256: str) -> None:
        """Raise."""
        raise OSError(errno.ENOSPC, "No space left on device")


class GoneProjects:
    """Projects whose database is gone once all is written."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def standing(self, project: str) -> None:
        """Know none."""

    def add(self, *_: object, **__: object) -> bool:
        """Raise."""
        raise self._error


def broken(desk: Counter, **parts: Any) -> Counter:
    """Give a desk with other parts."""
    changed = replace(desk.parts, **parts)
    return Counter(Uploads(changed), changed, desk.others)


async def test_upload__on_a_full_disk__is_told_so(desk: Counter, tmp_path: Path) -> None:
    """UPL-20: 503 with a time to try again at, in words; nothing is left on its way in."""
    full = broken(desk, shelf=FullShelf(tmp_path))
    answer = await full.upload()
    assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
    assert "disk is full" in answer.reason
    assert full.incoming == []


async def test_upload__while_the_database_is_gone__is_told_so(desk: Counter) -> None:
    """UPL-20: 503, without a word of where it lies; the same upload is taken later."""
    gone = broken(desk, projects=GoneProjects(DatabaseUnavailable("/secret/place: is locked")))
    answer = await gone.upload()
    assert (answer.status, "database" in answer.reason, "secret" in answer.body.decode()) == (503, True, False)
    assert gone.incoming == []
    assert (await desk.upload()).status == 200


async def test_upload__in_a_fault_that_nobody_foresaw__leaves_nothing(desk: Counter) -> None:
    """UPL-25: it is raised, for the boundary to refuse, and the file is gone."""
    desk.others.fault = RuntimeError("planted")
    with pytest.raises(RuntimeError, match="planted"):
        await desk.upload()
    assert nothing_left(desk)


@pytest.mark.parametrize("why", ["other-bytes", "other-name", "deleted", "second-sdist"])
async def test_upload__that_something_is_in_the_way_of__is_400(desk: Counter, why: str) -> None:
    """UPL-20, UPL-21: for good, so 4xx, and never 409."""
    answer = await broken(desk, projects=GoneProjects(NotAdded(why, "a.whl", "0" * 64))).upload()
    assert answer.status == 400
    assert ("already exist" in answer.reason) is (why == "other-bytes")


def test_authors__secret__is_in_no_text_of_an_upload() -> None:
    """UPL-24: a repr goes into logs and tracebacks."""
    assert "Basic" not in repr(asked())
    assert repr(Others()).count("alice") == 0


async def test_upload__to_a_project_that_owes_something__is_told_what(tmp_path: Path) -> None:
    """What a project owes is asked of it as it stands when the file is added; nothing is added before it is there."""
    here = counter(tmp_path, others=Others(owes="Release 0.9 of 'demo' has no sdist."))
    answer = await here.upload()
    assert (answer.status, answer.reason) == (400, "Release 0.9 of 'demo' has no sdist.")
    assert here.filenames() == []

import asyncio
import hashlib
import os
import resource
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from addons.origin.tickets import BrokenOff
from addons.upload.form.blocks import blocks
from addons.upload.form.bounds import Bounds
from addons.upload.form.fields import MULTIPLE, SINGLE
from addons.upload.form.reader import read_form
from addons.upload.formed import Form
from addons.upload.refusal import UploadRefused
from tests.addons.upload.forms import BOUNDARY, KIND, Part, form, of, part, pieces, upload

MOST = 4 << 20
BOUNDS = Bounds(MOST)


def lying(folder: Path) -> list[str]:
    """Give the names of all that lies in a folder, if there is one."""
    return sorted(each.name for each in folder.rglob("*"))


async def read(incoming: Path, *parts: Part, size: int = 65_536, bounds: Bounds = BOUNDS) -> Form:
    """Read a form, and take away its file."""
    found, spooled = await read_form(KIND, pieces(form(*parts), size), incoming, bounds)
    if spooled is not None:
        spooled.path.unlink()
    return found


async def refused(incoming: Path, body: bytes, kind: str = KIND, bounds: Bounds = BOUNDS) -> UploadRefused:
    """Give the refusal of a body, of which nothing is left."""
    with pytest.raises(UploadRefused) as refusal:
        await read_form(kind, pieces(body), incoming, bounds)
    assert not lying(incoming)
    return refusal.value


# What is read


@pytest.mark.parametrize("size", [1, 7, 100, 1 << 20])
@pytest.mark.parametrize("end", ["", "\r\n"])
async def test_form__in_pieces_of_any_size__is_read_whole(tmp_path: Path, size: int, end: str) -> None:
    """UPL-04: parts come in any order, the file in the middle, and however they were cut on their way."""
    content = os.urandom(50_000) + f"\r\n--{BOUNDARY[:-1]}".encode()
    parts: list[Part] = [("content", content, "demo-1.0.tar.gz"), ("name", "demo"), (":action", "file_upload")]
    found, spooled = await read_form(KIND, pieces(form(*parts, end=end), size), tmp_path / "incoming", BOUNDS)
    assert found.fields == {"name": ("demo",), ":action": ("file_upload",)}
    assert spooled is not None
    assert (spooled.filename, spooled.size, spooled.path.read_bytes()) == ("demo-1.0.tar.gz", len(content), content)
    assert spooled.md5 == hashlib.md5(content, usedforsecurity=False).hexdigest()
    assert spooled.sha256 == hashlib.sha256(content).hexdigest()
    assert spooled.blake2b_256 == hashlib.blake2b(content, digest_size=32).hexdigest()
    assert spooled.path.stat().st_mode & 0o777 == 0o600


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(MULTIPLE)), st.text("ab-\r\n\u20ac", min_size=1)), max_size=6), st.data()
)
async def test_form__of_any_fields__says_what_was_written(parts: list[tuple[str, str]], data: st.DataObject) -> None:
    """UPL-05: repeated fields keep all their values in their order, whatever is in them and wherever the body is cut."""
    body = form(*parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=5)))
    chunks = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    found, _ = await read_form(KIND, of([chunk for chunk in chunks if chunk]), Path("unused"), BOUNDS)
    expected: dict[str, tuple[str, ...]] = {}
    for name, value in parts:
        if value.strip():
            expected[name] = (*expected.get(name, ()), value)
    assert found.fields == expected


async def test_form__with_no_file_at_all__has_none(tmp_path: Path) -> None:
    """That it needs one is said by who needs it; nothing is written for one without."""
    assert await read_form(KIND, pieces(form(("name", "demo"))), tmp_path / "incoming", BOUNDS) == (
        Form({"name": ("demo",)}),
        None,
    )
    assert lying(tmp_path) == []


@pytest.mark.parametrize("value", ["", " ", "UNKNOWN", " UNKNOWN\n", "\r\n"])
async def test_field__that_says_nothing__is_absent(tmp_path: Path, value: str) -> None:
    """UPL-06: empty ones and UNKNOWN are as if they were not there, in single and in repeated fields."""
    found = await read(tmp_path, ("summary", value), ("classifiers", value), ("classifiers", "A"), ("name", "demo"))
    assert found.fields == {"classifiers": ("A",), "name": ("demo",)}


async def test_field__that_nobody_knows__is_let_pass(tmp_path: Path) -> None:
    """UPL-06: unknown ones do no harm, not even as files or twice; a signature is accepted and ignored."""
    found = await read(
        tmp_path, ("x", "1"), ("x", "2"), ("y", b"\xff\0", "y.bin"), ("gpg_signature", b"s", "a.asc"), ("name", "demo")
    )
    assert found.fields == {"name": ("demo",)}


@pytest.mark.parametrize(
    ("written", "name"),
    [("import_names", "import_name"), ("provides_extras", "provides_extra"), ("license_files", "license_file"),
     ("import_namespaces", "import_namespace"), ("license_file", "license_file")],
)  # fmt: skip
async def test_field__in_its_plural__is_the_same(tmp_path: Path, written: str, name: str) -> None:
    """UPL-05: uv and poetry write some names as the metadata does, others as PyPI's form does."""
    assert (await read(tmp_path, (written, "a"), (name, "b"))).every(name) == ("a", "b")


# What is not


@pytest.mark.parametrize("name", sorted(SINGLE))
async def test_field__of_which_there_is_one__is_refused_twice(tmp_path: Path, name: str) -> None:
    """UPL-07: never does the first or the last one win, also where one of the two is empty."""
    for values in (("a", "a"), ("a", ""), ("", "a")):
        refusal = await refused(tmp_path, form(*((name, value) for value in values)))
        assert (refusal.status, refusal.lines) == (
            400,
            (f"Invalid value for {name}. Error: it is there more than once.",),
        )


async def test_field__sent_as_a_file__is_refused(tmp_path: Path) -> None:
    """UPL-06: in PyPI's own words."""
    refusal = await refused(tmp_path, form(("summary", "a", "summary.txt")))
    assert (refusal.status, refusal.lines) == (400, ("summary: Should not be a tuple.",))


@pytest.mark.parametrize("value", [b"\xff", b"a\0b"])
async def test_field__that_is_no_text__is_refused(tmp_path: Path, value: bytes) -> None:
    """Neither other codings nor NUL, which a database would not keep."""
    assert (await refused(tmp_path, form(("summary", value)))).status == 400


async def test_file__twice_or_without_a_name__is_refused(tmp_path: Path) -> None:
    """UPL-07: one upload is one file, and nothing is left of the first."""
    twice = await refused(tmp_path / "in", form(("content", b"a", "a.whl"), ("content", b"b", "b.whl")))
    assert "more than once" in twice.lines[0]
    nameless = await refused(tmp_path / "in", form(("content", "a")))
    assert nameless.lines == ("Upload payload does not have a file.",)


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/passwd", "a/b.whl", "..\\a.whl", "a\x01.whl", "", "a" * 256, "a%0D%0Ab.whl", "a\u2028b"],
)
async def test_file__whose_name_is_more_than_one__is_refused(tmp_path: Path, name: str) -> None:
    """UPL-09: no separators, no control characters: before a byte of it is written."""
    refusal = await refused(tmp_path / "in", form(("content", b"a", name)))
    assert refusal.status == 400
    assert refusal.lines[0].startswith("Cannot upload a file with ")
    assert not (tmp_path / "in").exists()


@pytest.mark.parametrize("name", ["C:\\temp\\demo.whl", "CON", "~root", "$(id).whl", "..", "%2e%2e%2fx.whl"])
async def test_file__under_a_strange_name__lies_under_one_of_ours(tmp_path: Path, name: str) -> None:
    """UPL-09: what a client calls its file is written down, and is a path nowhere."""
    _, spooled = await read_form(KIND, pieces(form(("content", b"a", name))), tmp_path / "in", BOUNDS)
    assert spooled is not None
    assert spooled.path.parent == tmp_path / "in"
    assert spooled.path.name.startswith("upload-")
    assert lying(tmp_path) == ["in", spooled.path.name]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        form(("name", "demo"))[:-6],
        form(("content", b"a" * 100, "a.whl"))[:-60],
        form(("name", "demo")).replace(b"form-data", b"attachment"),
        form(("name", "demo")).replace(b"\r\n", b"\n"),
        form(("name", "demo")).replace(b'name="name"', b""),
        form(("name", "demo")).replace(b'name="name"', b'name="name"; name="version"'),
        part("name", "demo", None, 'Content-Disposition: form-data; name="version"') + form(),
        b"preamble\r\n" + b"x" * 100 + form(("name", "demo")),
    ],
)
async def test_body__that_is_no_form__is_refused(tmp_path: Path, body: bytes) -> None:
    """UPL-33: strictly as RFC 7578 has it; what two readers could take for two things is nothing."""
    assert (await refused(tmp_path, body)).status == 400


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data", "multipart/mixed; boundary=b0undary",
                                  f"multipart/form-data; boundary={'b' * 71}"])  # fmt: skip
async def test_body__under_another_type__is_refused(tmp_path: Path, kind: str) -> None:
    """UPL-01: an upload is multipart/form-data."""
    assert (await refused(tmp_path, form(*upload()), kind)).status == 400


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (form(*[("classifiers", "a")] * 11), "larger than"),
        (part("name", "demo", None, "X-A: " + "a" * 300) + form(), "larger than"),
        (part("name", "demo", None, *["X-A: a"] * 9) + form(), "larger than"),
        (form(("description", "a" * 1001)), "A field"),
        (form(("x", "a" * 1001)), "A field"),
        (form(*[("classifiers", "a" * 900)] * 3), "together"),
        (form(*[("x", "a" * 900)] * 3), "together"),
        (form(("content", b"a" * 5001, "a.whl")), "File too large."),
    ],
    ids=["parts", "header", "headers", "field", "unknown field", "fields", "unknown fields", "file"],
)
async def test_form__beyond_a_bound__is_refused(tmp_path: Path, body: bytes, words: str) -> None:
    """UPL-33, UPL-12: parts, heads, fields and the file all have an end."""
    bounds = Bounds(5000, parts=10, header=256, headers=8, field=1000, fields=2000)
    refusal = await refused(tmp_path / "in", body, bounds=bounds)
    assert refusal.status == 400
    assert words in refusal.lines[0]


# On its way


async def test_file__that_may_not_be__is_not_read(tmp_path: Path) -> None:
    """UPL-12: the name is known before the file, and who says no to it is asked before a byte of that is written."""
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        yield part("name", "demo") + part("version", "1")
        yield f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="content"; filename="a.whl"\r\n\r\n'.encode()
        while True:
            taken += 1
            yield bytes(1 << 20)

    async def early(found: Form) -> int:
        raise UploadRefused(403, "rights", f"not {found.one('name')}")

    with pytest.raises(UploadRefused, match="not demo"):
        await read_form(KIND, endless(), tmp_path / "in", BOUNDS, early)
    assert taken <= 2
    assert not (tmp_path / "in").exists()


@pytest.mark.parametrize("first", [True, False])
async def test_file__larger_than_its_project_may_have__is_refused(tmp_path: Path, first: bool) -> None:
    """UPL-12: also where the project is named behind the file."""

    async def early(found: Form) -> int:
        return 10

    parts: list[Part] = [("name", "demo"), ("content", b"a" * 11, "a.whl")]
    with pytest.raises(UploadRefused, match="File too large"):
        await read_form(KIND, pieces(form(*(parts if first else parts[::-1]))), tmp_path, BOUNDS, early)
    assert lying(tmp_path) == []


async def test_body__that_breaks_off__leaves_nothing(tmp_path: Path) -> None:
    """Whatever ends it: the error is told, and the file is gone."""

    async def broken() -> AsyncIterator[bytes]:
        yield form(*upload(bytes(3 << 20)))[: 2 << 20]
        assert len(lying(tmp_path)) == 1
        raise BrokenOff

    with pytest.raises(BrokenOff):
        await read_form(KIND, broken(), tmp_path, BOUNDS)
    assert lying(tmp_path) == []


async def test_file__that_cannot_be_written__is_told_and_leaves_nothing(tmp_path: Path) -> None:
    """UPL-33: a piece is written while the next one comes, and that it failed is heard nevertheless."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            await read_form(KIND, pieces(form(*upload(bytes(3 << 20)))), tmp_path, BOUNDS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert lying(tmp_path) == []


async def test_reading__that_is_cancelled__leaves_nothing(tmp_path: Path) -> None:
    """UPL-33: also where a piece is being written just then."""
    came, never = asyncio.Event(), asyncio.Event()

    async def silent() -> AsyncIterator[bytes]:
        yield form(*upload(bytes(3 << 20)))[: 2 << 20]
        came.set()
        await never.wait()

    reading = asyncio.ensure_future(read_form(KIND, silent(), tmp_path, BOUNDS))
    await came.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert lying(tmp_path) == []


async def test_form__with_a_large_file__needs_little_memory(tmp_path: Path) -> None:
    """UPL-33: what is held is a few blocks, however long the file is."""

    async def large() -> AsyncIterator[bytes]:
        yield form(*upload(b"").copy())[: -len(f"\r\n--{BOUNDARY}--\r\n")]
        for _ in range(400):
            yield bytes(100_000)
        yield f"\r\n--{BOUNDARY}--\r\n".encode()

    tracemalloc.start()
    try:
        _, spooled = await read_form(KIND, large(), tmp_path, Bounds(100_000_000))
        assert tracemalloc.get_traced_memory()[1] < 12 << 20
    finally:
        tracemalloc.stop()
    assert spooled is not None
    assert spooled.size == 40_000_000


@pytest.mark.parametrize("size", [1, 3, 10, 100])
async def test_blocks__of_a_body_in_pieces__end_with_what_belongs_together(size: int) -> None:
    """The end of a form comes in one block with what stands behind it, and nothing is lost or turned round."""
    body = bytes(range(97))
    found = [block async for block in blocks(pieces(body, size), tail=8, size=16)]
    assert b"".join(found) == body
    assert len(found[-1]) >= 8


async def test_form__whose_last_line_break_comes_late__is_read(tmp_path: Path) -> None:
    """UPL-04: behind the last boundary stands what the parser must not take for more."""
    body = form(*upload(bytes(2 << 20)))
    found, spooled = await read_form(KIND, of([body[:-2], body[-2:-1], body[-1:]]), tmp_path, BOUNDS)
    assert spooled is not None
    assert (found.one("name"), spooled.size) == ("demo", 2 << 20)

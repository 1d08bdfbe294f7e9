"""What is said of bundles: lines for people."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from addons.bundle.container import Bundle
from addons.bundle.exporting import Plan
from addons.bundle.importing import Outcome
from addons.bundle.manifest import DocumentEntry, FileEntry, Manifest


def exported(to: Path, plan: Plan, missing: Sequence[str], signed: bool, dry_run: bool) -> Iterator[str]:
    """Say what was, or would be, exported."""
    yield from _contents(plan.manifest)
    if missing:
        yield f"not kept  {', '.join(missing)}: wanted on some machines only"
    if dry_run:
        yield f"would be  {size(plan.layout.size)}; nothing was written"
        return
    yield f"written   {to}, {size(plan.layout.size)}{', signed' if signed else ''}"
    yield f"manifest  sha256 {plan.sha256}"


def head(opened: Bundle, signer: str | None) -> Iterator[str]:
    """Say whose a bundle is."""
    manifest = opened.manifest
    yield f"bundle    of {manifest.made:%Y-%m-%d %H:%M} UTC, format {'.'.join(map(str, manifest.version))}"
    yield f"manifest  sha256 {opened.sha256}"
    yield f"signed    {f'by ed25519 {signer}' if signer else 'by nobody'}"


def held(opened: Bundle) -> Iterator[str]:
    """Say what is in a bundle that was verified."""
    manifest = opened.manifest
    yield from (f"index     {index}" for index in manifest.indexes)
    files: dict[str, list[FileEntry]] = {}
    for each in (*manifest.files, *manifest.earlier):
        files.setdefault(each.project, []).append(each)
    for page in manifest.documents:
        if page.kind == "page":
            yield f"project   {_project(page, files.get(page.project or '', []))}"
    yield from _contents(manifest)
    yield f"verified  all of it, {size(opened.layout.size)}"


def _project(page: DocumentEntry, files: Sequence[FileEntry]) -> str:
    return (
        f"{page.project}: {_count(len(files), 'file')}, {_bytes(files)}; its page as of {page.asked:%Y-%m-%d %H:%M} UTC"
    )


def _contents(manifest: Manifest) -> Iterator[str]:
    yield f"documents {len(manifest.documents)}, {size(sum(manifest.bodies.values()))}"
    yield f"files     {len(manifest.files)}, {_bytes(manifest.files)}"
    if manifest.earlier:
        yield f"earlier   {_count(len(manifest.earlier), 'file')} that the other side has, {_bytes(manifest.earlier)}"
    if manifest.gone:
        yield f"gone      {_count(len(manifest.gone), 'document')} that the index does not have any more"


def imported(outcome: Outcome) -> Iterator[str]:
    """Say what became of everything."""
    yield f"files     {outcome.written} written ({size(outcome.bytes_written)}), {outcome.there} were there already"
    words = {"new": "written", "there": "were there already", "newer": "newer here", "gone": "taken down here since"}
    yield f"documents {', '.join(f'{number} {words[put]}' for put, number in outcome.documents.items())}"
    if outcome.taken_down:
        yield f"gone      {_count(outcome.taken_down, 'document')} forgotten, as the index does not have them any more"
    yield "imported  all of it"


def size(number: int) -> str:
    """Say a number of bytes."""
    for unit, power in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if number >= power:
            return f"{number / power:.1f} {unit}"
    return f"{number} bytes"


def _bytes(files: Iterable[FileEntry]) -> str:
    return size(sum(each.size for each in files))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

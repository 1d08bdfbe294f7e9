"""cli_survey: what `wheelgate cache show` prints, for people and as JSON."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from addons import places, reaching
from addons.cache.documents import MOST_BYTES
from addons.cache.layout import Layout
from addons.cache.survey import Amount, DocumentOf, FileOf, Survey, survey, survey_of
from addons.simple.names import ProjectName
from proxyconf.settings import Settings

type Say = Callable[[str], object]

_UNITS = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


def show_all(settings: Settings, say: Say, as_json: bool) -> None:
    """Print how it stands with the whole cache. Raises OSError or Unreadable."""
    folder = places.cache_folder(settings).absolute()
    found, proxy = survey(Layout(folder)), reaching.url(settings.listen)
    status = reaching.status(proxy) if settings.listen.port else {}
    ours = status.get("cache", str(folder)) == str(folder)
    counted = {kind: _numbers(status.get(kind)) for kind in ("files", "documents")} if status and ours else None
    free = _free(folder)
    if as_json:
        limits = {
            "files_bytes": int(settings.cache.max_gb * 10**9),
            "free_bytes": int(settings.cache.min_free_gb * 10**9),
            "documents_bytes": MOST_BYTES,
        }
        gateway = {"proxy": proxy, "pid": status.get("pid"), **counted} if counted else None
        facts = {"folder": str(folder), "limits": limits, "free_bytes": free, **msgspec.to_builtins(found)}
        say(_json({**facts, "gateway": gateway}))
        return
    for line in (*_all(settings, folder, free, found), *_gateway(proxy, status, counted)):
        say(line)


def show_project(settings: Settings, project: ProjectName, say: Say, as_json: bool) -> None:
    """Print what is kept of a project. Raises OSError or Unreadable."""
    found = survey_of(Layout(places.cache_folder(settings)), project)
    if as_json:
        say(_json(msgspec.to_builtins(found)))
        return
    for line in (*map(_document, found.documents), *map(_file, found.files)):
        say(line)
    if not found.documents:
        say(f"nothing is kept of {project}")


def count(number: int, noun: str) -> str:
    """Give a number with its noun: `1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def size(number: int) -> str:
    """Give a number of bytes for people."""
    for unit, name in _UNITS:
        if number >= unit:
            return f"{number / unit:.1f} {name}"
    return count(number, "byte")


def shown(text: str) -> str:
    """Give a text from outside as a terminal may have it: none of it can move the cursor or hide a line."""
    return text if text.isprintable() else ascii(text)


def amount(of: Amount, noun: str) -> str:
    """Give how many there are, and their size."""
    return f"{count(of.count, noun)} ({size(of.bytes)})"


def _all(settings: Settings, folder: Path, free: int, found: Survey) -> Iterator[str]:
    cache = settings.cache
    kinds = ", ".join(f"{kind} {number}" for kind, number in found.kinds.items())
    yield f"folder     {folder}"
    yield f"files      {amount(found.files, 'file')}, at most {cache.max_gb:g} GB{_used(found.files)}"
    yield f"documents  {amount(found.documents, 'document')}, at most {size(MOST_BYTES)}{_used(found.documents)}"
    if kinds:
        yield f"           {kinds}"
    if found.gone:
        yield f"           {count(found.gone, 'document')} known to be gone, or purged"
    if found.growing.count:
        yield f"growing    {amount(found.growing, 'file')}, being fetched or left over"
    yield f"disk       {size(free)} free, of which {cache.min_free_gb:g} GB stay free"


def _used(of: Amount) -> str:
    if of.oldest_use is None or of.newest_use is None:
        return ""
    return f", used from {_time(of.oldest_use)} to {_time(of.newest_use)}"


def _gateway(
    proxy: str, status: Mapping[str, object], counted: Mapping[str, Mapping[str, int]] | None
) -> Iterator[str]:
    if counted is None:
        yield f"gateway    {f'the one at {proxy} has another cache' if status else f'none answers at {proxy}'}"
        return
    yield f"gateway    {proxy}, process {shown(str(status.get('pid')))}; since its start:"
    for kind, numbers in counted.items():
        yield f"  {kind:<9}{', '.join(f'{shown(name)} {number}' for name, number in numbers.items())}"


def _numbers(found: object) -> dict[str, int]:
    """Give what a gateway counted; whoever answers there may have sent anything."""
    if not isinstance(found, dict):
        return {}
    return {str(name): number for name, number in found.items() if type(number) is int}


def _document(found: DocumentOf) -> str:
    asked = f"asked {_time(found.asked)}" if found.asked else "not known when it was asked for"
    state = "gone or purged" if found.gone else "evicted" if not found.bytes else size(found.bytes)
    until = f", counts until {_time(found.fresh_until)}" if found.fresh_until else ""
    return f"{found.kind:<10} {shown(f'{found.source}: {found.url}')}, {state}, {asked}{until}"


def _file(found: FileOf) -> str:
    return f"file       {shown(f'{found.source}: {found.filename}')}, {size(found.bytes)}, used {_time(found.last_use)}"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _free(folder: Path) -> int:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _json(facts: object) -> str:
    return msgspec.json.format(msgspec.json.encode(facts), indent=2).decode()

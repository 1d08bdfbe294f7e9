"""What the tests of bundles share: an open side with something in its cache, and a closed side without."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from click.testing import Result

from addons.cache.carried import Carried
from addons.cache.documents import Stored
from addons.cache.whose import Whose
from tests.calling import call
from tests.fakepypi.building import Recipe, wheel

INDEX = "https://pypi.org/simple/"
FILES = "https://files.pythonhosted.org/packages/"
ASKED = 1_750_000_000.25  # seconds since the epoch: some time before these tests


@dataclass(frozen=True)
class Content:
    """What a cache has: documents by URL, with when they were asked for (a body of None: gone), and files by sha256."""

    documents: dict[str, tuple[bytes | None, float]]
    files: dict[str, bytes]


class Side:
    """A gateway's place, with its configuration and its cache."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder
        self.cache = folder / "cache"
        self.config = folder / "wheelgate.yaml"
        folder.mkdir(parents=True, exist_ok=True)
        whole: dict[str, object] = {
            "certs": str(folder / "certs"),
            "cache": {"folder": str(self.cache), "min_free_gb": 0},
        }
        whole |= {"store": {"folder": str(folder / "store")}, **settings}
        self.config.write_text(yaml.safe_dump(whole))

    def call(self, what: str, *arguments: str | Path) -> Result:
        """Call `wheelgate bundle` there."""
        configured = ("-c", str(self.config)) if what in ("export", "import") else ()
        return call("bundle", what, *configured, *map(str, arguments))

    def export(self, to: Path, *arguments: str | Path) -> str:
        """Export, which must work; gives the sha256 that it prints."""
        done = self.call("export", "-o", to, *arguments)
        assert done.exit_code == 0, done.output
        return done.stdout.strip().rpartition(" ")[2]

    def take(self, bundle: Path, *arguments: str | Path) -> Result:
        """Import a bundle."""
        return self.call("import", bundle, *arguments)

    def refused(self, bundle: Path, words: str, *arguments: str | Path) -> None:
        """Import a bundle, which must be refused with these words and leave no document."""
        before = self.content().documents
        done = self.take(bundle, *arguments)
        assert done.exit_code == 1, done.output
        assert words in done.stderr
        assert self.content().documents == before

    @contextmanager
    def documents(self) -> Iterator[Carried]:
        """Its documents."""
        with closing(Carried(self.cache / "documents")) as carried:
            yield carried

    def keep(
        self, url: str, body: bytes | None, kind: str = "text/html", asked: float = ASKED, source: str = "pypi"
    ) -> None:
        """Keep a document as the gateway would; None: that it is gone."""
        stored = None if body is None else Stored(200, url, {"content-type": kind, "etag": '"1"'}, body)
        with self.documents() as carried:
            assert carried.put(Whose(source, INDEX, "", url), stored, asked) == "new"

    def keep_file(self, content: bytes) -> str:
        """Keep a file; gives its sha256."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.path(sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return sha256

    def path(self, sha256: str) -> Path:
        """The place of a kept file."""
        return self.cache / "files" / sha256[:2] / sha256

    def release(self, project: str, version: str, *requires: str, kept: bool = True, asked: float = ASKED) -> str:
        """Keep a wheel and a page that names it, and no other; gives the wheel's sha256."""
        name, content = wheel(Recipe(name=project, version=version, requires=requires))
        sha256 = self.keep_file(content) if kept else hashlib.sha256(content).hexdigest()
        file = {"filename": name, "url": f"{FILES}{name}", "hashes": {"sha256": sha256}, "size": len(content)}
        page = {"meta": {"api-version": "1.1"}, "name": project, "versions": [version], "files": [file]}
        kind = "application/vnd.pypi.simple.v1+json"
        self.keep(f"{INDEX}{project}/", json.dumps(page).encode(), kind, asked)
        return sha256

    def content(self) -> Content:
        """All that is there: what is not proven by its name is a fault."""
        if not (self.cache / "documents").is_dir():
            return Content({}, self.files())
        with self.documents() as carried:
            documents = {}
            for entry in carried.entries():
                stored = carried.find(entry) if entry.stamp.digest else None
                assert stored is not None or not entry.stamp.digest
                documents[entry.whose.url] = stored.body if stored is not None else None, entry.stamp.asked
        return Content(documents, self.files())

    def files(self) -> dict[str, bytes]:
        """The kept files."""
        kept = {path.name: path.read_bytes() for path in self.cache.glob("files/*/*")}
        assert all(hashlib.sha256(content).hexdigest() == name for name, content in kept.items())
        assert list(self.cache.glob("growing/*")) == []
        return kept


def furnished(folder: Path) -> Side:
    """An open side: three projects, one requiring another, one of them gone, a legacy document, classifiers."""
    side = Side(folder)
    side.release("tower", "1.0", "stone>=1")
    side.release("stone", "1.1")
    side.release("apart", "2.0")
    side.keep("https://pypi.org/pypi/tower/json", b'{"info": {"version": "1.0"}}', "application/json")
    side.keep("https://pypi.org/pypi?%3Aaction=list_classifiers", b"Topic :: Wheels\n", "text/plain")
    side.keep(f"{INDEX}evil/", None)
    return side

"""What a decision is about, as one writes it on a command line: in the words, and with the readers, of the configuration. Pure."""

import re
import shlex
from collections.abc import Sequence

from addons.simple.distributions import projects_of
from addons.store.decision import Subject
from proxyconf import values
from proxyconf.misfit import Misfit, shown
from proxyconf.rules import EVERY

_FILE = re.compile(
    r"[^<>=~!;@\s]+\.(?:whl|tar\.(?:gz|bz2|xz|z)|tgz|tar|zip|egg|exe|msi|rpm|dmg|deb|pkg)", re.IGNORECASE
)
_SCOPE = re.compile(r"\s*([^<>=!~\s]+)\s*(.*?)\s*", re.DOTALL)
_GLOB = re.compile(r"[*?[]")


def subject_of(what: str | None, sha256: Sequence[str] = (), client: str | None = None) -> Subject:
    """Understand `imaging<9.3.1`, `acme-*`, `*`, or a file or a pattern of files, as `demo-1.0-*.whl`; or files' sha256 alone.

    Raises Misfit.
    """
    digests = tuple(sorted({values.sha256(each) for each in sha256}))
    if what is None:
        if not digests:
            raise Misfit("name what it is about: PROJECT, PROJECT with versions as 'demo<2', a file, or --sha256")
        return Subject(sha256=digests, client=client)
    if _FILE.fullmatch(what):
        return Subject(project=_project(what), files=(values.filename_glob(what),), sha256=digests, client=client)
    read = _SCOPE.fullmatch(what)
    if read is None:
        raise Misfit(f"{shown(what)} names no project; write one like demo, or 'demo<2'")
    versions = str(values.specifiers(read[2])) if read[2] else None
    return Subject(project=values.scope(read[1]), versions=versions, sha256=digests, client=client)


def _project(file: str) -> str:
    """Give the project of a file, or every one where its name does not tell which (`a-b-1.0.tar.gz`)."""
    if not _GLOB.search(file):
        projects = projects_of(file)
        return projects[0] if len(projects) == 1 else EVERY
    name, hyphen, _ = _GLOB.split(file)[0].partition("-")
    return values.normal_name(name) if hyphen and name and file.lower().endswith(".whl") else EVERY


def written(subject: Subject) -> str:
    """Give the arguments that mean a subject, for a shell."""
    what = (
        subject.files[0] if subject.files else f"{subject.project}{subject.versions or ''}" if subject.project else ""
    )
    named = [shlex.quote(what)] if what else []
    hashes = [f"--sha256 {digest}" for digest in subject.sha256]
    return " ".join([*named, *hashes, *([f"--client {shlex.quote(subject.client)}"] if subject.client else [])])

"""What kept documents are: pages, and what belongs to their projects."""

from pathlib import Path

from packaging.metadata import parse_email
from packaging.requirements import InvalidRequirement, Requirement

from addons.cache.documents import Stored
from addons.metadata.archive import NotADistribution, core_metadata
from addons.simple.distributions import distribution
from addons.simple.html_form import read_html
from addons.simple.json_form import read_json
from addons.simple.names import ProjectName, spelled
from addons.simple.negotiation import Form
from addons.simple.page import NotAPage, Page


def page_of(stored: Stored, project: ProjectName) -> Page | None:
    """Read a kept page; None if it is none that the code of today reads."""
    kind = stored.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        return (read_json if kind == Form.JSON.content_type else read_html)(stored.body, stored.url, project)
    except NotAPage:
        return None


def required_by(path: Path, filename: str) -> set[ProjectName]:
    """Give the projects that a kept file requires by its core metadata, on whatever machine; what it hides is not asked."""
    named = distribution(filename)
    if named is None or not filename.endswith((".whl", ".tar.gz")):
        return set()
    try:
        raw, _ = parse_email(core_metadata(path, named))
    except NotADistribution:
        return set()
    return {project for line in raw.get("requires_dist", []) if (project := _required(line)) is not None}


def _required(line: str) -> ProjectName | None:
    try:
        return spelled(Requirement(line).name)
    except InvalidRequirement:
        return None

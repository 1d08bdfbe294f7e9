"""The documents that people read, taken apart: blocks of code, headings, links."""

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import override

from tests.deploying import ROOT

GUIDES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "certs" / "README.md")
DOCUMENTS = (*GUIDES, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs" / "decisions").glob("*.md")))

_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_SECTION = re.compile(r"^## ", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A block of code: in which document and which of its sections it stands (counted from 0), and what it says."""

    document: Path
    section: int
    language: str
    text: str

    @override
    def __str__(self) -> str:
        return f"{self.document.relative_to(ROOT)}: {self.text.splitlines()[0]}"


def blocks(document: Path, language: str) -> list[Block]:
    """The blocks of a language, in their order."""
    return [
        Block(document, number, match[2], textwrap.dedent(match[3]))
        for number, section in enumerate(_SECTION.split(document.read_text()))
        for match in _BLOCK.finditer(section)
        if match[2] == language
    ]


def links(document: Path) -> list[str]:
    """Where the document's links lead, but for those to other sites."""
    found = re.findall(r"\]\(([^)\s]+)\)", _BLOCK.sub("", document.read_text()))
    return [link for link in found if "://" not in link]


def headings(document: Path) -> list[str]:
    """The headings, with their signs; a folder has none."""
    if document.is_dir():
        return []
    return re.findall(r"^#+ .*$", _BLOCK.sub("", document.read_text()), re.MULTILINE)

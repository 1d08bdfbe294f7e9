"""size: how large a file may be."""

from datetime import datetime
from typing import Literal, override

from addons.policies.deciding import Deciding, ShapeRule
from addons.policies.verdicts import refusal, with_refused
from addons.simple.page import File, Page, Refusal
from proxyconf import values
from proxyconf.misfit import settle

_MB = 1_000_000  # bytes, as in upstream.max_page_mb
_MOST_MB = 1_000_000


class SizeRule(ShapeRule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The largest file that comes in, in megabytes, and what becomes of those whose pages do not say their size (PEP 700)."""

    max_mb: float
    unsized: Literal["refuse", "pass"] = "refuse"

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        settle(self, max_mb=values.between(0.001, _MOST_MB, "megabytes"))


class Size(Deciding[SizeRule]):
    """Refuse large files, by the size that their page says; the download of a file of another size fails by itself."""

    def apply(self, page: Page, at: datetime) -> Page:
        """Mark what is too large as refused."""
        return with_refused(page, self._judged(page, at, _judge, unknown=True), self._contact)


def _judge(rule: SizeRule, file: File) -> Refusal | None:
    if file.size is None:
        if rule.unsized == "pass":
            return None
        return refusal("size", rule, f"its page does not say its size, and at most {rule.max_mb:g} MB are let in")
    if file.size <= rule.max_mb * _MB:
        return None
    said = f"the file has {file.size / _MB:.4g} MB, at most {rule.max_mb:g} are let in; ask for an exception if you need it"
    return refusal("size", rule, said)

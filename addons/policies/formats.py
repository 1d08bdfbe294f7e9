"""formats: which kinds of files come in, such as wheels only."""

from datetime import datetime
from typing import Literal, override

from addons.policies.deciding import Deciding, ShapeRule
from addons.policies.verdicts import refusal, with_refused
from addons.simple.page import File, Page, Refusal
from proxyconf.misfit import Misfit

type Format = Literal["wheel", "sdist", "egg", "installer", "other"]

_ENDINGS: tuple[tuple[Format, tuple[str, ...]], ...] = (
    ("wheel", (".whl",)),
    ("egg", (".egg",)),
    ("installer", (".exe", ".msi", ".rpm", ".dmg", ".deb", ".pkg")),
    # All that pip unpacks and builds, whatever was meant by it (pip/_internal/utils/filetypes.py, ARCHIVE_EXTENSIONS).
    ("sdist", (".tar.gz", ".tgz", ".tar", ".zip", ".tar.bz2", ".tbz", ".tar.z", ".tar.xz", ".txz", ".tlz", ".tar.lz", ".tar.lzma")),
)  # fmt: skip
_REASONS: dict[Format, str] = {
    "wheel": "wheels are not let in here; ask for an exception if you need this one",
    "sdist": "an sdist runs its own code when it is installed; take a version that has a wheel (pip install"
    " --only-binary :all:), or ask for one to be built",
    "egg": "eggs are not let in, no installer of today takes them; take a version that has a wheel",
    "installer": "an installer runs its own code and is no file for pip; take a wheel",
    "other": "only kinds of files that are known here are let in; take a wheel",
}


class FormatsRule(ShapeRule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which kinds come in: `only` these, or all but those that it says to `refuse` (none of them: an exception)."""

    only: tuple[Format, ...] | None = None
    refuse: tuple[Format, ...] | None = None

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        if self.only is not None and self.refuse is not None:
            raise Misfit("stands beside only; keep one of the two", "refuse")
        if self.only is None and self.refuse is None:
            raise Misfit(
                'says no kind of file; write only: [wheel], or refuse: [sdist, egg], or "refuse: []" to let all in'
            )
        if self.only == ():
            raise Misfit("is empty, so nothing would come in; write the kinds that do, or a deny", "only")

    def keeps_out(self, kind: Format) -> bool:
        """Tell whether files of this kind stay outside."""
        return kind not in self.only if self.only is not None else kind in (self.refuse or ())


class Formats(Deciding[FormatsRule]):
    """Refuse files by their kind. They stay listed as yanked with the words, so that another release is taken."""

    def apply(self, page: Page, at: datetime) -> Page:
        """Mark what the rules keep out as refused."""
        return with_refused(page, self._judged(page, at, _judge, unknown=True), self._contact)


def _judge(rule: FormatsRule, file: File) -> Refusal | None:
    kind = format_of(file.filename)
    return refusal("formats", rule, _REASONS[kind]) if rule.keeps_out(kind) else None


def format_of(filename: str) -> Format:
    """Tell what kind of file it is, by what its name ends in, in any case; `other` if that says nothing."""
    if filename.endswith(".whl"):  # nearly all
        return "wheel"
    lower = filename.lower()
    return next((kind for kind, endings in _ENDINGS if lower.endswith(endings)), "other")

"""What a page says of itself: the version of its API and the project's status (PEP 629, PEP 792)."""

import logging
import re
from collections.abc import Iterable

from addons.simple.page import NotAPage, Page, with_files

logger = logging.getLogger(__name__)

NEWEST = "1.4"  # the highest API version this gateway was written for
OLDEST = "1.0"
STATUSES = frozenset({"active", "archived", "quarantined", "deprecated"})
_VERSION = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,9}))?")


def check_version(value: object) -> None:
    """Accept the API version that a page claims, absent (None) meaning 1.0.

    Raises NotAPage for a major version above 1 and for what is no version (PEP 629). A newer minor one is only logged.
    """
    if value is None:
        return
    # A number is read as text (VER-08).
    found = _VERSION.fullmatch(str(value).strip()) if not isinstance(value, bool) else None
    if found is None:
        raise NotAPage(f"its API version is unreadable: {ascii(value)[:40]}")
    if int(found[1]) > 1:
        raise NotAPage(f"its API version is {found[0]}, and this gateway reads 1.x")
    if (int(found[1]), int(found[2] or 0)) > (1, int(NEWEST.partition(".")[2])):
        logger.warning("a page claims API version %s; this gateway was written for %s", found[0], NEWEST)


def claimed_version(page: Page) -> str:
    """Return the highest API version that the page fulfils: above 1.0 every file needs its size (PEP 700)."""
    return OLDEST if any(file.size is None for file in page.files) else NEWEST


def status_among(claims: Iterable[object]) -> str | None:
    """Return the status that a page claims, the first one unless any says quarantined; None if there is none."""
    texts = [claim.strip() for claim in claims if isinstance(claim, str) and claim.strip()]
    if any(text.lower() == "quarantined" for text in texts):
        return "quarantined"
    return texts[0] if texts else None


def emptied_if_quarantined(page: Page) -> Page:
    """Return the page without files if it is quarantined: clients would install what it still lists (YNK-10)."""
    if page.status != "quarantined" or not page.files:
        return page
    logger.warning("page of %s is quarantined and lists %d files: all dropped", page.project, len(page.files))
    return with_files(page, ())

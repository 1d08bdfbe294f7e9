"""The files of a kept page."""

import logging
from urllib.parse import urlsplit

from addons.cache.documents import Stored
from addons.simple.html_form import read_html
from addons.simple.json_form import read_json
from addons.simple.names import ProjectName
from addons.simple.negotiation import Form
from addons.simple.page import File, NotAPage

logger = logging.getLogger(__name__)


def named_files(stored: Stored, project: ProjectName) -> tuple[File, ...]:
    """Give what the page lists; nothing if it is none that can be read, which the log says."""
    kind = stored.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        read = read_json if kind == Form.JSON.content_type else read_html
        return read(stored.body, stored.url, project).files
    except NotAPage as error:
        host = ascii(urlsplit(stored.url).hostname)[:200]
        logger.warning("the kept page of %s from %s cannot be read: %s", project, host, error)
        return ()

"""The one function between a request and its answer: route, page, policy, file."""

import logging
from dataclasses import dataclass
from typing import assert_never

from addons.answering.file_answer import FileAnswers
from addons.answering.legacy_answer import LegacyAnswers
from addons.answering.list_answer import ListAnswers
from addons.answering.page_answer import PageAnswers
from addons.answering.provenance_answer import ClassifiersAnswers, ProvenanceAnswers
from addons.answering.request import Request
from addons.answering.upload_answer import UploadAnswers
from addons.answers import Answer, bad_upstream, unavailable
from addons.origin.tickets import Delivery, Receiving
from addons.route_kinds import (
    ApiRoute,
    ClassifiersRoute,
    LegacyRoute,
    ListRoute,
    OidcRoute,
    PageRoute,
    ProjectForPeople,
    ProvenanceRoute,
    PublicFile,
    Route,
    SourceFile,
    UploadRoute,
)
from addons.routes import route
from addons.sources.source import FileGone, SourceUnavailable

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Families:
    """Who answers which family of routes."""

    pages: PageAnswers
    files: FileAnswers
    legacy: LegacyAnswers
    provenance: ProvenanceAnswers
    classifiers: ClassifiersAnswers
    projects: ListAnswers
    uploads: UploadAnswers


class Answering:
    """Answers requests under one configuration, from start to end."""

    def __init__(self, families: Families) -> None:
        self._families = families

    async def answer(self, request: Request) -> Answer | Delivery | Receiving:
        """Give the answer, or the order by which the origin makes it. Known faults are answers; others are raised.

        What is in hand is answered without a single suspension.
        """
        found = route(request.method, request.host, request.target)
        if isinstance(found, Answer):
            return found
        try:
            return await self._on(found, request)
        except SourceUnavailable as error:
            logger.warning("%s", error)
            return unavailable(f"wheelgate: {error}", error.retry_seconds)
        except FileGone as error:
            logger.error("%s", error)
            return bad_upstream(f"wheelgate: {error}")

    async def _on(self, found: Route, request: Request) -> Answer | Delivery | Receiving:
        match found:
            case PageRoute():
                return await self._families.pages.answer(found, request)
            case ProjectForPeople():
                return self._families.pages.for_people(found)
            case PublicFile():
                return await self._families.files.public(found, request)
            case SourceFile():
                return await self._families.files.own(found, request)
            case LegacyRoute():
                return await self._families.legacy.answer(found, request)
            case ProvenanceRoute():
                return await self._families.provenance.answer(found, request)
            case ClassifiersRoute():
                return await self._families.classifiers.answer(found, request)
            case ListRoute():
                return await self._families.projects.answer(found, request)
            case UploadRoute() | OidcRoute() | ApiRoute():
                return await self._families.uploads.answer(found, request)
            case _:
                assert_never(found)

"""The one place where the parts of the upload become who takes uploads under one configuration."""

from collections.abc import Callable
from dataclasses import dataclass

from addons.answering.upload_answer import UploadAnswers
from addons.simple.names import normalise
from addons.sources.priority import Priority
from addons.store.shelf import Shelf
from addons.upload.asking import Api, Arrived, Examine, Identities, Kept, Oidc, PublicNames, Rights
from addons.upload.desk import Parts, Uploads
from addons.upload.elsewhere import OtherSources
from addons.upload.forwarding import Forwarding
from addons.upload.limits import Limits
from proxyconf.settings import Settings


@dataclass(frozen=True)
class Deciders:
    """Who decides under one configuration."""

    identities: Identities
    rights: Rights
    names: PublicNames
    examine: Examine
    oidc: Oidc | None = None
    api: Api | None = None


@dataclass(frozen=True)
class Taking:
    """Makes who takes uploads. `shelf`, `projects` and `arrived` are the same under every configuration."""

    shelf: Shelf
    projects: Kept
    arrived: Arrived
    deciders: Callable[[Settings, Priority], Deciders]

    def __call__(self, settings: Settings, priority: Priority) -> UploadAnswers:
        """Give them under these settings, beside these sources."""
        decide = self.deciders(settings, priority)
        store = {source.name for source in settings.sources if source.store}
        merged = {normalise(item.project): item.sources for item in settings.merge if store & set(item.sources)}
        parts = Parts(
            *(decide.identities, decide.rights, decide.names, decide.examine, self.shelf, self.projects, self.arrived),
            elsewhere=OtherSources([each for each in priority.own if each.name not in store], merged),
            limits=Limits(settings.uploads),
            forwarding=Forwarding(settings.uploads.forward, settings),
        )
        return UploadAnswers(Uploads(parts), decide.oidc, decide.api)

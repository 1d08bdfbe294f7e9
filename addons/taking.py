"""The one place where the parts of the upload become who takes uploads under one configuration."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from addons.answering.upload_answer import UploadAnswers
from addons.deciders import Deciders
from addons.simple.names import normalise
from addons.sources.priority import Priority
from addons.sources.source import Source
from addons.store.shelf import Shelf
from addons.upload.asking import Arrived, Kept
from addons.upload.desk import Parts, Uploads
from addons.upload.elsewhere import OtherSources
from addons.upload.forwarding import Forwarding
from addons.upload.limits import Limits
from addons.upload.patience import Places
from proxyconf.settings import Settings


@dataclass(frozen=True)
class Taking:
    """Makes who takes uploads. `shelf`, `projects` and `arrived` are the same under every configuration."""

    shelf: Shelf
    projects: Kept
    arrived: Arrived
    deciders: Callable[[Settings, Sequence[Source]], Deciders]
    places: Places = field(default_factory=Places)

    def __call__(self, settings: Settings, priority: Priority, configured: Sequence[Source]) -> UploadAnswers:
        """Give them under these settings, for clients that get these sources, of all those that are configured."""
        decide = self.deciders(settings, configured)
        store = {source.name for source in settings.sources if source.store}
        merged = {normalise(item.project): item.sources for item in settings.merge if store & set(item.sources)}
        parts = Parts(
            *(decide.identities, decide.rights, decide.names, decide.examine, decide.owed),
            *(self.shelf, self.projects, self.arrived),
            elsewhere=OtherSources([each for each in priority.own if each.name not in store], merged),
            limits=Limits(settings.uploads),
            forwarding=Forwarding(settings.uploads.forward, settings),
            places=self.places,
        )
        return UploadAnswers(Uploads(parts), decide.oidc, decide.api)

"""The decisions that settings have, for a gateway and for the commands that do beside it what it does."""

from collections.abc import Callable
from datetime import datetime

from addons.places import cache_folder, store_folder
from addons.store.chosen import chosen
from addons.store.database import PATIENCE, Database, Lost, never_lost
from addons.store.decision import Decision
from addons.store.decisions import Decisions
from addons.store.following import Following
from addons.store.last_known import LastKnown
from proxyconf.settings import Settings

_READING = 1.0  # seconds that whoever only reads waits for who has the database locked


def database_of(settings: Settings, patience: float = PATIENCE, lost: Lost = never_lost) -> Database:
    """Give the database of the store; nothing is opened yet. `patience`: seconds that who has it locked is waited for."""
    return chosen(settings.store, store_folder(settings), patience, lost)


def following_of(settings: Settings, clock: Callable[[], datetime]) -> Following:
    """Give what follows the decisions, for one that only reads them; nothing is opened yet."""
    database = database_of(settings, patience=_READING)
    return Following(Decisions(database), LastKnown(cache_folder(settings), database.where), clock)


def decisions_of(settings: Settings, at: datetime) -> tuple[Decision, ...]:
    """Give the decisions in force now, as a gateway that starts now would have them. Waits for the disk; raises ValueError."""
    following = following_of(settings, lambda: at)
    try:
        return following.at_start()
    finally:
        following.close()


def deciding(settings: Settings) -> Decisions:
    """Give the decisions for one who makes or ends some, or looks at all. Raises ValueError where their database is gone."""
    database = database_of(settings)
    copy = LastKnown(cache_folder(settings), database.where)
    if not database.is_there and copy.path.exists():
        raise ValueError(copy.gone)
    return Decisions(database)

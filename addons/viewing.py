"""Viewing: which view somebody who asks the front desk, or the operator, may look at."""

from datetime import datetime
from urllib.parse import parse_qs

from addons.answers import Answer, refused
from addons.assembly import Assembly
from addons.callers import turned_away
from addons.clients.caller import Caller
from addons.clients.standing import Standing, TurnedAway
from addons.views import View

_NOT_YOURS = (
    "wheelgate: clients of your group do not get all that these get, so it is not shown to you; ask from a client that is"
    " one of them, or on the gateway: wheelgate explain --client"
)


def view_for(assembly: Assembly, group: str, profile: str, at: datetime) -> View:
    """Give the view of a group's clients that choose a profile, "" for none, by their names. Raises ValueError, in words."""
    named = assembly.roll.named(group, profile, at)
    if isinstance(named, TurnedAway):
        raise ValueError(named.words)
    return assembly.views.of(named)


async def shown_to(assembly: Assembly, caller: Caller, query: str, at: datetime) -> View | Answer:
    """Give the view that the query names (`client=GROUP&profile=NAME`), else the caller's own; or the refusal.

    Another's view is shown only to who gets all its sources: no name of an own project is told to anybody else.
    """
    own = assembly.roll.known(caller, at) or await assembly.roll.stand(caller, at)
    asked = parse_qs(query)
    group, profile = (asked.get(key, [""])[0] for key in ("client", "profile"))
    if not group and not profile:
        return turned_away(own) if isinstance(own, TurnedAway) else assembly.views.of(own)
    named = assembly.roll.named(group, profile, at)
    if isinstance(named, TurnedAway):
        return turned_away(named)
    mine = assembly.views.of(Standing() if isinstance(own, TurnedAway) else own)
    view = assembly.views.of(named)
    return view if set(view.sources) <= set(mine.sources) else refused("clients", _NOT_YOURS)

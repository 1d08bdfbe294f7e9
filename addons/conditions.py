"""What is wrong with a running gateway, in words: the same at its status and health addresses and in `wheelgate status`."""

from collections.abc import Iterator, Mapping, Sequence

from addons.edits import BadEdit

_SOURCES = {
    "out": "does not answer, and what is kept of it is given",
    "down": "has not answered for long, and is asked once in a while only",
}


def wrong(
    bad: BadEdit | None,
    waiting: Sequence[str],
    failed: Mapping[str, tuple[int, str]],
    sources: Mapping[str, str],
    decisions: object = None,
    unrecorded: str = "",
    idle: Sequence[str] = (),
    store: object = None,
) -> Iterator[str]:
    """Say what is wrong: a bad edit, settings that wait for a restart, policies that failed, sources that are out, a record that fails.

    `failed` says of each policy how often, and on which project's page last; `sources` how each index is; `decisions` what is
    wrong with their database, None if nothing is; `unrecorded` why what is served is not recorded ("": it is); `idle` which decisions do nothing;
    `store` what is wrong with the database of projects, None if nothing is.
    """
    if bad is not None:
        yield f"{bad.error} - the configuration before stays in force"
    if waiting:
        yield f"{', '.join(waiting)}: read at start only; restart wheelgate, or put back what it was started with"
    if decisions:
        yield f"{decisions} - the decisions known last stay in force"
    for policy, (number, project) in failed.items():
        times = "once" if number == 1 else f"{number} times"
        yield f"policy {policy}: failed {times}, last on {project}, all of which is refused; the log says why"
    for source, condition in sources.items():
        if condition in _SOURCES:
            yield f"source {source}: {_SOURCES[condition]}"
    if store:
        yield f"{store} - pages known of its projects stay in force, and other names are answered with 503"
    yield from idle
    if unrecorded:
        yield f"what is served cannot be recorded, and is kept in memory, within bounds: {unrecorded}"

"""Other processes for tests of races and kills: of a server that has imported all that they need, so that they start at once."""

from multiprocessing import get_context

FORKED = get_context("forkserver")
FORKED.set_forkserver_preload(["addons.storekeeper", "alembic.command", "psycopg", "tests.faults.killing"])

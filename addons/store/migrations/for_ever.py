"""Tables whose rows are kept for ever: whoever would change or remove one, by whatever mistake, is refused by the engine itself."""

from alembic import op


def keep_for_ever(table: str) -> None:
    """Have the engine refuse UPDATE and DELETE of a table's rows, and in PostgreSQL TRUNCATE."""
    said = f"{table} are kept for ever"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION {table}_kept() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION '{said}'; END $$"
        )
        for events, each in (("UPDATE OR DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
            op.execute(
                f"CREATE TRIGGER {table}_{each.lower()} BEFORE {events} ON {table}"
                f" FOR EACH {each} EXECUTE FUNCTION {table}_kept()"
            )
        return
    for event in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_{event.lower()} BEFORE {event} ON {table} BEGIN SELECT RAISE(ABORT, '{said}'); END"
        )

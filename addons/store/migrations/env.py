"""Run by Alembic: the scripts are run on the connection, and in the transaction, of who asks for it (addons.store.database)."""

from alembic import context

# What is read again by a second process in between is read inside the transaction, so whole versions only are ever seen.
context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()

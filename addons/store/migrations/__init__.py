"""How the database came to be as it is: one script for each version of it (Alembic)."""

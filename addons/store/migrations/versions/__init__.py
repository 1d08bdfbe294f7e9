"""The versions of the database, the first one first."""

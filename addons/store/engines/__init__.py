"""What keeps the database: a file of SQLite's, or a PostgreSQL server. Everything that is one engine's own is here."""

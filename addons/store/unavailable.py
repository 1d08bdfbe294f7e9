"""What everybody who asks the database has to reckon with."""


class DatabaseUnavailable(ValueError):
    """The database cannot be read or written now. In words that say which, why and what to do."""

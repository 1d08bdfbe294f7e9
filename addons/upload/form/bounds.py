"""How much of a form is read at most (UPL-33). Pure."""

from dataclasses import dataclass

_MIB = 1 << 20


@dataclass(frozen=True)
class Bounds:
    """Most parts; bytes of a part's header line, of a field, of all fields together, and of the file."""

    content: int
    parts: int = 10_000  # apache-airflow's have some 2,000
    header: int = 4096
    headers: int = 8
    field: int = 4 * _MIB
    fields: int = 8 * _MIB

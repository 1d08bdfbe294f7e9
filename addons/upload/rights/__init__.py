"""May they: roles in projects, claims of names, names that are public, and projects that nobody has any more."""

"""What pip before 23.1 takes from Python that 3.12 has no more. Put this folder on the path of such a pip, and of no other."""

import pkgutil

# pip's own pkg_resources registers a finder for this class as it is imported, and uses none.
pkgutil.ImpImporter = type("ImpImporter", (), {})  # type: ignore[attr-defined] # it is gone, hence this file

"""Sources: the places that have projects."""

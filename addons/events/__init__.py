"""What happened: as yet, what was served to whom, counted. Nothing here ever slows or changes an answer."""

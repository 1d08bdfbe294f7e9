"""The project list: what all sources list, sorted, policed and rendered to files, at constant memory."""

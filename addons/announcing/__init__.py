"""Core metadata for every file: where it comes from, what pages announce of it, and what is fetched before it is asked for."""

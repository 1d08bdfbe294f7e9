"""The Simple repository API without any I/O: names, pages, their two forms, and which form a client wants."""

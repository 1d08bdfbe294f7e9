"""Whether an uploaded file is sound: its name, its archive, its core metadata, and what the organisation wants of it."""

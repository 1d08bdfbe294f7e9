"""What was fetched lately, and never twice at once."""

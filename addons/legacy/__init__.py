"""PyPI's legacy JSON documents: rewritten to agree with the page, or made out of it. Pure."""

"""Routes that answer with pages, one module per matter."""

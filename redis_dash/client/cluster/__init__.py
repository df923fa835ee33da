"""A cluster: which server holds which keys, and our connections to its primaries."""

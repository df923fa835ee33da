"""What our user may do, and what the server is: asked once, for ``redis-dash doctor``."""

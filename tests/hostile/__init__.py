"""Generated inputs that a hostile writer could put into Redis, through all that reads and shows them."""

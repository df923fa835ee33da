"""What the application counted itself: the patterns, each extended so that it counts what Redis confirmed."""

"""How the demo runs: an embedded server, private folders, the processes started and ended together."""

"""The live tests on every server that is there: ``make matrix``."""

"""A dashboard beside the demo for a long time, with random faults: nothing grows, and every figure is right."""

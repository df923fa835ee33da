"""The shared language: frames, readings, commands, certainty, errors. It imports nothing else of redis-dash."""

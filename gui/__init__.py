"""The windows: they show records of the core, collect answers and start tasks."""

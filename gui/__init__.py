"""The windows: they show records, collect answers and start tasks."""

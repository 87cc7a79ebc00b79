"""The first-run wizard, one file per page."""

"""Everything of Deepberth that is not a window, in the order of ARCHITECTURE.md."""

__version__ = "0.1.0"  # the same as in pyproject.toml

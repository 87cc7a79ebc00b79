"""Everything of Deepberth that is not a window, in the order of ARCHITECTURE.md."""

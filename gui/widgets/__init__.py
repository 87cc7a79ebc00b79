"""Widgets of the design, each once, with all its states."""

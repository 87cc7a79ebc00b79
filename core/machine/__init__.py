"""Look: what this computer is and can do."""

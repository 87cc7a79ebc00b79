"""Where a model can run; one file per provider, one contract for all (base.py)."""

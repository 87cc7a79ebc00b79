"""One file per outside thing; its exceptions stop here."""

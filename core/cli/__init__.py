"""The command line: one file for the words, one for the acts, one for what is printed."""

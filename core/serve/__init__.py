"""Use: the running endpoint, and chatting with it."""

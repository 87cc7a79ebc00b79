"""The chat: a pure conversation, one safe renderer, and the widgets around them."""

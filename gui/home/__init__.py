"""The window after the wizard: home, chat, sidebar."""

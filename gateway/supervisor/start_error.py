"""What keeps a gateway from starting."""


class StartError(Exception):
    """The gateway cannot start; the text is for the person who started it."""

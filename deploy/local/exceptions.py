"""What can go wrong with the local stack. Each message says what to do about it.

Exception
└── StackError
    ├── NotInstalled   a binary or package is missing: install it
    ├── FolderInUse    another command works on the data folder, or it holds another kind of broker
    ├── PortTaken      something else listens where a member did: end it, or take another folder
    └── NotReady       a member died or doesn't answer: its last log lines are in the message
"""


class StackError(Exception):
    """The stack can't do what was asked."""


class NotInstalled(StackError):
    pass


class FolderInUse(StackError):
    pass


class PortTaken(StackError):
    pass


class NotReady(StackError):
    pass

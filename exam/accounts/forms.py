"""What the sign-in and account pages send."""

import msgspec


class SignInForm(msgspec.Struct, kw_only=True):
    """Login or ticket number, password or secret, and where to go afterwards."""

    login: str
    secret: str
    kind: str = "staff"  # which of the two forms to show again: staff or candidate
    next: str = "/"


class PasswordForm(msgspec.Struct, kw_only=True):
    """A change of one's own password."""

    old: str
    new: str

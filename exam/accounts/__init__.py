"""Who signs in: accounts, roles, scopes, sessions and guards (domain.md section 2)."""

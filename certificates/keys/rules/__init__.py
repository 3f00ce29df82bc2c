"""Pure rules of keys: purposes, what a certificate must say for one, a register's states, the remote signing protocol."""

"""Share codes (分享码): a holder lets somebody read a certificate in full for a while, and takes that back at any time."""

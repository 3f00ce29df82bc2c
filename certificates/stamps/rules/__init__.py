"""Pure: the words of RFC 3161 and the way from a certificate to a trusted root."""

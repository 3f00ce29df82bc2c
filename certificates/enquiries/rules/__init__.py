"""Who may ask, for how much and how long; what a list looks like; the interface in OpenAPI's words. Pure."""

"""The built-in registry: a platform and a credit bank as a server of its own, with its own tables (schema `platform`).

It stands where the national systems stand and shares nothing with our side but the protocol (docs/formats/platform.md).
"""

"""The platform: registration of what was issued within 7 working days, its receipts and deadlines (E02, domain.md 3.8)."""

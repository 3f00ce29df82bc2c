"""The credit bank (学分银行): what a certificate is worth, who has stored it, and what schools converted it into (E05-E11)."""

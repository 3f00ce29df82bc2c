"""The issue register (领取登记, domain.md 3.7 and section 7 no. 10): which paper certificate is where, and who took it when."""

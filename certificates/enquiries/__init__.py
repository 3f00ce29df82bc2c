"""Enquiries (查验单位): organisations that check many certificates at once, as a list or by a program, by a key with an end and a quota."""

"""What a certificate looks like (版式): a template, its style and its seal box, edited, approved by two people, frozen."""

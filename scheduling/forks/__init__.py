"""如果……会怎样: a batch planned otherwise beside its draft, pictures of a draft, a session moved by hand."""

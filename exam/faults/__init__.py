"""What goes wrong on the exam day: fault tickets with a running clock, and the time that is given back for them."""

"""Rules of the repairs: what can be asked, what stands, who gets which seat, what differs between two versions."""

"""Pure rules of what-ifs: what may be asked, how two plans compare, how a draft is counted for its pictures."""

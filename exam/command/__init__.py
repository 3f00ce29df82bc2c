"""The command centre: the day's rooms over all packages, live, with the problems on top. Wiring over everybody's facts, like
`exam.home`: it reads rooms (exam), tablets and score sheets (scoring) together and owns no table."""

"""The timetable as pure rules: a problem goes in, a plan comes out, a checker judges it.

problem    what has to be placed and where it may go
plan       sessions, seats, places, and who could not be placed and why
calendar   working hours of a day, the starts they allow
demand     which sites a candidate may be sent to, in which order
placing    one site: components in order, rooms, waves at practical stations
solver     all sites, one after another, from the same seed always the same plan
seats      the draw of seats and how a seat stands in the room
checker    every violated constraint by its number; shares no code with the solver
lifecycle  states of a plan, the refusals, ticket numbers
"""

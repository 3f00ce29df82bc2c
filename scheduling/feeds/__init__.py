"""日历订阅: the published timetable as calendars (RFC 5545), one address per site, room and person."""

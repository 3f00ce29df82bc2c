"""Where and when: sites, timetable, duties. It proposes; `exam.sittings` owns what is published."""

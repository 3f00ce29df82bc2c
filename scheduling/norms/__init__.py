"""编排标准: the ratios, durations and limits that timetables are made by; versioned, of an organisation and of a certificate."""

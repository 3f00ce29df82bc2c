"""发布之后: what is lost after publication is repaired, so that everybody else stays where, when and with whom they are."""

"""题库与试卷: the item bank, the blueprint drawn into paper versions, and the sealed papers whose keys stay apart (A06, X01)."""

"""建筑信息模型: one small building is modelled and issued."""

from exam.demo.sheets.rows import TIDY, Data, judged, measured, occurrence, section, veto, whole


def sheet(level_index: int) -> Data:
    """The sheet of one level; the task has its number."""
    return {
        "title_zh": f"小型建筑建模与出图（任务 {level_index}）",
        "title_en": f"Modelling and issuing a small building (task {level_index})",
        "sections": [
            section(
                "A",
                ("模型创建", "Modelling"),
                "skill",
                [
                    measured(
                        "A1",
                        ("首层层高", "Height of the ground floor"),
                        10,
                        nominal="3600",
                        tolerance="0",
                        step="50",
                        per_step="2",
                        unit="mm",
                    ),
                    measured(
                        "A2",
                        ("外墙总长", "Total length of the outer wall"),
                        15,
                        nominal="48200",
                        tolerance="20",
                        step="50",
                        per_step="3",
                        unit="mm",
                    ),
                    occurrence(
                        "A3",
                        ("门窗型号与位置", "Type and place of doors and windows"),
                        15,
                        "3",
                        ("每错一处扣 3 分", "3 marks off for each error"),
                    ),
                    whole(
                        "A4",
                        ("楼梯完整并连接两层", "Stair complete, joining both floors"),
                        10,
                        ("缺失或不连通不得分", "Nothing when missing or not joined"),
                    ),
                ],
            ),
            section(
                "B",
                ("成果输出", "Output"),
                "knowledge",
                [
                    whole(
                        "B1",
                        ("门窗明细表数量正确", "Door and window schedule has the right counts"),
                        10,
                        ("出现错误不得分", "Nothing when any count is wrong"),
                    ),
                    judged(
                        "B2",
                        ("平面图标注", "Dimensions on the plan"),
                        15,
                        ("完整、清晰、符合制图标准", "Complete, clear, to the drawing standard"),
                    ),
                    occurrence(
                        "B3",
                        ("图签信息", "Title block"),
                        10,
                        "2",
                        ("每缺一项扣 2 分", "2 marks off for each missing entry"),
                    ),
                ],
            ),
            section(
                "C",
                ("职业素养", "Professionalism"),
                "professionalism",
                [
                    judged(
                        "C1",
                        ("文件命名与版本", "File names and versions"),
                        9,
                        ("按任务书规定命名并保存", "Named and saved as the brief says"),
                    ),
                    judged("C2", TIDY, 6, ("离场前恢复工位", "Station restored before leaving")),
                    veto(
                        "C9",
                        ("成果文件无法打开或抄袭", "Result cannot be opened, or is copied"),
                        "total",
                        ("全卷计 0 分", "The whole sheet counts 0"),
                    ),
                ],
            ),
        ],
        "overtime": {"every_minutes": 3, "points": "1", "stop_minutes": 15},
        "agreement": {"tolerance": "5", "assessors": 1},
    }

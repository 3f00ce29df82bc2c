"""汽车运用与维修: brake disc inspection, with the gate 48 of 80 before the other parts count."""

from exam.demo.sheets.rows import SAFETY, TIDY, Data, judged, measured, occurrence, section, veto, whole


def sheet(level_index: int) -> Data:
    """The sheet of one level; the task has its number."""
    return {
        "title_zh": f"盘式制动器检测与装配（任务 {level_index}）",
        "title_en": f"Disc brake inspection and assembly (task {level_index})",
        "sections": [
            section(
                "A",
                ("检测与装配", "Inspection and assembly"),
                "skill",
                [
                    measured(
                        "A1",
                        ("制动盘厚度", "Disc thickness"),
                        15,
                        nominal="25.00",
                        tolerance="0.02",
                        step="0.01",
                        per_step="2",
                        unit="mm",
                    ),
                    measured(
                        "A2",
                        ("制动盘端面跳动", "Disc run-out"),
                        15,
                        nominal="0.03",
                        tolerance="0.01",
                        step="0.01",
                        per_step="3",
                        unit="mm",
                    ),
                    measured(
                        "A3",
                        ("制动钳螺栓力矩", "Torque of the caliper bolts"),
                        15,
                        nominal="105",
                        tolerance="3",
                        step="1",
                        per_step="3",
                        unit="N·m",
                    ),
                    judged(
                        "A4",
                        ("拆装工艺", "Dismantling and assembly"),
                        20,
                        ("顺序正确、不损伤零件", "Right order, no damage"),
                    ),
                    whole(
                        "A5",
                        ("制动片同轴成对更换", "Pads replaced in pairs on the axle"),
                        15,
                        ("出现错误不得分", "Nothing when wrong"),
                    ),
                ],
                gate="48",
            ),
            section(
                "B",
                ("诊断记录", "Diagnosis record"),
                "knowledge",
                [
                    occurrence(
                        "B1",
                        ("检测记录与结论", "Record and conclusion"),
                        10,
                        "2",
                        ("每错一处扣 2 分", "2 marks off for each error"),
                    ),
                ],
            ),
            section(
                "C",
                ("安全与现场", "Safety and order"),
                "professionalism",
                [
                    occurrence(
                        "C1",
                        ("工具零件落地", "Tools or parts dropped"),
                        5,
                        "1",
                        ("每次扣 1 分，扣完为止", "1 mark off each time, floor 0"),
                    ),
                    judged("C2", TIDY, 5, ("工具清点归位", "Tools counted and put back")),
                    veto(
                        "C9",
                        ("举升机未落锁进入车下", "Under the car with the lift unlocked"),
                        "fail",
                        SAFETY,
                    ),
                ],
            ),
        ],
        "overtime": {"every_minutes": 3, "points": "1", "stop_minutes": 15},
        "agreement": {"tolerance": "5", "assessors": 2},
    }

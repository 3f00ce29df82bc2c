"""智能新能源汽车: high voltage off, proved dead, insulation measured."""

from exam.demo.sheets.rows import SAFETY, Data, judged, measured, occurrence, section, veto, whole


def sheet(level_index: int) -> Data:
    """The sheet of one level; the task has its number."""
    return {
        "title_zh": f"高压断电、验电与绝缘检测（任务 {level_index}）",
        "title_en": f"High voltage off, proved dead, insulation measured (task {level_index})",
        "sections": [
            section(
                "A",
                ("作业准备", "Preparation"),
                "knowledge",
                [
                    occurrence(
                        "A1",
                        ("绝缘用品检查", "Check of insulating equipment"),
                        12,
                        "3",
                        ("每漏一项扣 3 分", "3 marks off for each item missed"),
                    ),
                    whole(
                        "A2",
                        ("断电上锁挂牌", "Isolated, locked and tagged"),
                        13,
                        ("缺一项不得分", "Nothing when one is missing"),
                    ),
                ],
            ),
            section(
                "B",
                ("检测", "Measurement"),
                "skill",
                [
                    measured(
                        "B1",
                        ("断电等待时间", "Waiting time after isolation"),
                        10,
                        nominal="6",
                        tolerance="1",
                        step="1",
                        per_step="5",
                        unit="min",
                    ),
                    measured(
                        "B2",
                        ("绝缘电阻读数", "Insulation resistance reading"),
                        15,
                        nominal="550",
                        tolerance="10",
                        step="10",
                        per_step="3",
                        unit="MΩ",
                    ),
                    judged(
                        "B3",
                        ("验电方法", "Proving dead"),
                        18,
                        ("先验仪表、再验各相、再验仪表", "Prove the tester, test every pole, prove it again"),
                    ),
                    judged(
                        "B4",
                        ("故障码读取与分析", "Fault codes read and explained"),
                        12,
                        ("记录冻结帧并说明依据", "Freeze frame recorded, reasons given"),
                    ),
                ],
            ),
            section(
                "C",
                ("安全与现场", "Safety and order"),
                "professionalism",
                [
                    judged(
                        "C1",
                        ("一人操作一人监护", "One works, one watches"),
                        12,
                        ("口令清楚、确认到位", "Clear commands, each confirmed"),
                    ),
                    occurrence(
                        "C2",
                        ("现场整理", "Order at the station"),
                        8,
                        "2",
                        ("每处扣 2 分，扣完为止", "2 marks off each, floor 0"),
                    ),
                    veto(
                        "C9",
                        ("未戴绝缘手套接触高压部件", "High voltage touched without gloves"),
                        "fail",
                        SAFETY,
                    ),
                ],
            ),
        ],
        "overtime": {"every_minutes": 3, "points": "1", "stop_minutes": 15},
        "agreement": {"tolerance": "5", "assessors": 2},
    }

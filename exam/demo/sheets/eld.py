"""老年照护: helping a person confined to bed, with dignity."""

from exam.demo.sheets.rows import SAFETY, Data, judged, measured, occurrence, section, veto, whole


def sheet(level_index: int) -> Data:
    """The sheet of one level; the task has its number."""
    return {
        "title_zh": f"协助卧床老年人翻身与进食（任务 {level_index}）",
        "title_en": f"Turning and feeding a person in bed (task {level_index})",
        "sections": [
            section(
                "A",
                ("评估与准备", "Assessment and preparation"),
                "knowledge",
                [
                    judged(
                        "A1",
                        ("评估老年人状况并解释目的", "Assesses the person and explains why"),
                        12,
                        ("核对、评估、解释三项齐全", "Identity, assessment and explanation all done"),
                    ),
                    measured(
                        "A2",
                        ("温水温度", "Water temperature"),
                        8,
                        nominal="40",
                        tolerance="2",
                        step="1",
                        per_step="2",
                        unit="℃",
                    ),
                ],
            ),
            section(
                "B",
                ("照护操作", "Care"),
                "skill",
                [
                    whole(
                        "B1",
                        ("翻身前固定床轮、拉起对侧床档", "Wheels locked and far rail up before turning"),
                        10,
                        ("缺一项不得分", "Nothing when one is missing"),
                    ),
                    judged(
                        "B2",
                        ("翻身手法与节力", "Turning technique and economy of effort"),
                        18,
                        ("手法正确、动作平稳", "Correct technique, steady movement"),
                    ),
                    measured(
                        "B3",
                        ("床头抬高角度", "Angle of the head of the bed"),
                        10,
                        nominal="35",
                        tolerance="5",
                        step="5",
                        per_step="3",
                        unit="°",
                    ),
                    occurrence(
                        "B4",
                        ("进食安全步骤", "Safe feeding"),
                        17,
                        "4",
                        ("每缺一步扣 4 分", "4 marks off for each step missed"),
                    ),
                ],
            ),
            section(
                "C",
                ("人文与记录", "Dignity and record"),
                "professionalism",
                [
                    judged(
                        "C1",
                        ("沟通与尊重", "Communication and respect"),
                        15,
                        ("语气温和、保护隐私", "Gentle voice, privacy kept"),
                    ),
                    whole(
                        "C2",
                        ("照护记录", "Care record"),
                        10,
                        ("内容不实或漏项不得分", "Nothing when untrue or incomplete"),
                    ),
                    veto(
                        "C9",
                        ("造成坠床、烫伤或噎食风险而未处置", "Fall, scald or choking risk left alone"),
                        "fail",
                        SAFETY,
                    ),
                ],
            ),
        ],
        "overtime": {"every_minutes": 3, "points": "1", "stop_minutes": 10},
        "agreement": {"tolerance": "5", "assessors": 1},
    }

"""Practical score sheets of the demo schemes, in the format of ``kaowu-scheme/1``.

Each sheet uses the row kinds seen on real sheets (domain.md section 4, a-g): measured with steps, judged 0-3,
per occurrence with floor 0, all or nothing, veto, a section gate and overtime. The tasks are of our own writing.
"""

from collections.abc import Sequence
from typing import Any

Data = dict[str, Any]

_JUDGED = (
    ("未完成或方法错误", "Not done, or wrong method"),
    ("基本完成，有明显缺陷", "Done with clear defects"),
    ("完成，有小缺陷", "Done with small defects"),
    ("完整、规范、熟练", "Complete, correct and fluent"),
)


def _row(code: str, kind: str, name: tuple[str, str], points: int, standard: tuple[str, str], **more: Any) -> Data:
    row: Data = {
        "code": code,
        "kind": kind,
        "name_zh": name[0],
        "name_en": name[1],
        "standard_zh": standard[0],
        "standard_en": standard[1],
        **more,
    }
    return row if kind == "veto" else {**row, "points": points}


def measured(
    code: str, name: tuple[str, str], points: int, *, nominal: str, tolerance: str, step: str, per_step: str, unit: str
) -> Data:
    """A value is measured; each started step beyond the tolerance costs points."""
    standard = (
        f"标准值 {nominal}±{tolerance} {unit}，每超差 {step} {unit} 扣 {per_step} 分，扣完为止",
        f"{nominal}±{tolerance} {unit}; {per_step} marks off per started {step} {unit} beyond",
    )
    more = {"nominal": nominal, "tolerance": tolerance, "step": step, "per_step": per_step, "unit": unit}
    return _row(code, "measured", name, points, standard, **more)


def judged(code: str, name: tuple[str, str], points: int, standard: tuple[str, str]) -> Data:
    """The assessor judges 0, 1, 2 or 3 by descriptors."""
    levels = [{"zh": zh, "en": en} for zh, en in _JUDGED]
    return _row(code, "judged", name, points, standard, levels=levels)


def occurrence(code: str, name: tuple[str, str], points: int, each: str, standard: tuple[str, str]) -> Data:
    """Each occurrence costs points; the row never falls below 0."""
    return _row(code, "occurrence", name, points, standard, each=each)


def whole(code: str, name: tuple[str, str], points: int, standard: tuple[str, str]) -> Data:
    """All or nothing."""
    return _row(code, "all_or_nothing", name, points, standard)


def veto(code: str, name: tuple[str, str], effect: str, standard: tuple[str, str]) -> Data:
    """A veto item: nothing is earned here, everything can be lost."""
    return _row(code, "veto", name, 0, standard, effect=effect)


def section(code: str, name: tuple[str, str], dimension: str, rows: Sequence[Data], gate: str | None = None) -> Data:
    """One part of the sheet; with a gate, the other parts count only when this one reaches it."""
    data: Data = {"code": code, "name_zh": name[0], "name_en": name[1], "dimension": dimension, "rows": list(rows)}
    return data if gate is None else {**data, "gate": gate}


_SAFETY_ZH = "出现危及人身或设备安全的操作，考评员应立即制止"
_SAFETY_EN = "Any act that endangers people or equipment; the assessor stops it at once"
_TIDY = (
    "工位整理与资料归还",
    "Station tidied, papers returned",
)


def bim(level_index: int) -> Data:
    """建筑信息模型: one small building is modelled and issued."""
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
                    judged("C2", _TIDY, 6, ("离场前恢复工位", "Station restored before leaving")),
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


def eld(level_index: int) -> Data:
    """老年照护: helping a person confined to bed, with dignity."""
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
                        (_SAFETY_ZH, _SAFETY_EN),
                    ),
                ],
            ),
        ],
        "overtime": {"every_minutes": 3, "points": "1", "stop_minutes": 10},
        "agreement": {"tolerance": "5", "assessors": 1},
    }


def aut(level_index: int) -> Data:
    """汽车运用与维修: brake disc inspection, with the gate 48 of 80 before the other parts count."""
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
                    judged("C2", _TIDY, 5, ("工具清点归位", "Tools counted and put back")),
                    veto(
                        "C9",
                        ("举升机未落锁进入车下", "Under the car with the lift unlocked"),
                        "fail",
                        (_SAFETY_ZH, _SAFETY_EN),
                    ),
                ],
            ),
        ],
        "overtime": {"every_minutes": 3, "points": "1", "stop_minutes": 15},
        "agreement": {"tolerance": "5", "assessors": 2},
    }


def nev(level_index: int) -> Data:
    """智能新能源汽车: high voltage off, proved dead, insulation measured."""
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
                        (_SAFETY_ZH, _SAFETY_EN),
                    ),
                ],
            ),
        ],
        "overtime": {"every_minutes": 3, "points": "1", "stop_minutes": 15},
        "agreement": {"tolerance": "5", "assessors": 2},
    }

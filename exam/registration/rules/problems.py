"""Every way in which a roster can be wrong: a stable code, the words and the way out, in one table.

A problem names the row as the spreadsheet counts it and the column by its head; a problem of the whole file has no row.
A correction that is certain stands in the facts as ``suggestion`` and goes into a column of its own on the correction
sheet. Values of identity columns are masked in the words: the sheet that is returned holds them in full.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from exam.kernel.errors import N_, Problem
from exam.registration.rules.template import SHEET_NAME


@dataclass(frozen=True)
class Kind:
    """One kind of problem: what is wrong, and what to do."""

    message: str
    way_out: str
    words: Mapping[str, str] = field(default_factory=dict)  # what is to be typed, in the words of the template


_RESAVE = N_("请在 Excel 或 WPS 中打开，另存为 .xlsx 后再导入。")
_COPY_TO_TEMPLATE = N_("请把内容粘贴到下载的名单模板中再导入。")
_TYPE_ONE = N_("请填 %(choices)s。")
_SHEET = {"sheet_name": SHEET_NAME}
_CLEAR_AND_TYPE = N_("请清空这一格，直接键入内容。")

KINDS: Mapping[str, Kind] = {
    # ---- the file
    "file_empty": Kind(N_("文件是空的。"), N_("请选择填好的名单文件。")),
    "file_kind": Kind(N_("这不是名单文件，只接受 .xlsx 和 .csv。"), _COPY_TO_TEMPLATE),
    "file_large": Kind(
        N_("文件有 %(size)s MB，上限是 %(limit)s MB。"), N_("请删除图片等多余内容，或拆成几个文件分别导入。")
    ),
    "file_old_excel": Kind(N_("这是旧版 .xls 文件。"), _RESAVE),
    "file_password": Kind(N_("文件设有打开密码。"), N_("请在 Excel 或 WPS 中取消密码，保存后再导入。")),
    "file_macro": Kind(N_("文件带有宏（.xlsm），不能接收。"), _RESAVE),
    "file_damaged": Kind(N_("文件已损坏，无法完整读取。"), N_("请重新保存或重新下载文件后再导入。")),
    "file_bomb": Kind(N_("文件解压后超过 %(limit)s MB，不能接收。"), _COPY_TO_TEMPLATE),
    "csv_encoding": Kind(
        N_("文本编码无法识别，从第 %(line)s 行起有不属于 UTF-8 或 GB18030 的字节。"),
        N_("请另存为“CSV UTF-8”或 .xlsx 后再导入。"),
    ),
    "csv_broken": Kind(
        N_("CSV 从第 %(line)s 行起引号不成对或格式不完整。"), N_("请在 Excel 或 WPS 中打开，另存为 .xlsx 后再导入。")
    ),
    "sheet_none": Kind(
        N_("文件里没有可见的工作表，或工作表是空的。"), N_("请在模板的“%(sheet_name)s”中填写后再导入。"), _SHEET
    ),
    "sheet_ambiguous": Kind(
        N_("有多张工作表像名单：%(sheets)s。"), N_("请只保留一张，或把要导入的一张命名为“%(sheet_name)s”。"), _SHEET
    ),
    "sheet_hidden": Kind(
        N_("隐藏的工作表“%(sheet)s”里有名单。"), N_("请取消隐藏并合并到“%(sheet_name)s”，或删除它。"), _SHEET
    ),
    "sheet_dimension": Kind(
        N_("文件声明的范围是 %(declared)s，实际写到 %(actual)s，有的软件会漏读 %(lost)s 行。"), _RESAVE
    ),
    "sheet_wide": Kind(N_("第 %(row_no)s 行写到了 %(cell)s，超出名单的范围。"), _COPY_TO_TEMPLATE),
    "head_none": Kind(N_("前 %(searched)s 行里没有找到表头。"), N_("请使用下载的名单模板，不要改动表头。")),
    "head_missing": Kind(N_("缺少“%(column)s”列。"), N_("请按模板补上这一列。")),
    "head_renamed": Kind(
        N_("缺少“%(column)s”列；表中的“%(found)s”可能就是它。"), N_("请把表头“%(found)s”改回“%(column)s”。")
    ),
    "head_unknown": Kind(N_("表头“%(found)s”不在模板里。"), N_("请删除这一列，或改用模板的列名。")),
    "head_double": Kind(N_("“%(column)s”列出现了 %(count)s 次。"), N_("请只保留一列。")),
    "head_blank": Kind(N_("%(letter)s 列有内容但没有表头。"), N_("请写上模板的列名，或删除这一列。")),
    "rows_none": Kind(N_("表头下面没有考生。"), N_("请从表头的下一行起逐行填写考生。")),
    "rows_many": Kind(N_("名单有 %(count)s 行，一次最多 %(limit)s 行。"), N_("请拆成几个文件分别导入。")),
    "window_before": Kind(N_("报名从 %(opens)s 开始，现在还不能导入。"), N_("请在报名开始后再导入。")),
    "window_after": Kind(N_("报名已于 %(closes)s 截止。"), N_("请联系考务管理员，确认是否延长报名。")),
    "batch_not_open": Kind(N_("批次现在是“%(status)s”，不接收名单。"), N_("请联系考务管理员开放报名。")),
    # ---- rows and cells as the file holds them
    "row_empty": Kind(N_("名单中间有空行。"), N_("请删除空行，让考生逐行相连。")),
    "row_hidden": Kind(N_("这一行被隐藏或筛选掉了。"), N_("请取消隐藏和筛选，确认这一行是否要报名。")),
    "column_hidden": Kind(N_("“%(column)s”列被隐藏。"), N_("请取消隐藏，核对内容后再导入。")),
    "cell_merged": Kind(N_("%(cells)s 是合并单元格，只有左上角一格有值。"), N_("请取消合并，逐格填写。")),
    "cell_formula": Kind(N_("“%(column)s”是公式，不是内容。"), N_("请复制这一列，选择性粘贴为数值。")),
    "cell_error": Kind(N_("“%(column)s”显示为错误值 %(value)s。"), _CLEAR_AND_TYPE),
    "cell_control": Kind(N_("“%(column)s”含有看不见的控制字符。"), _CLEAR_AND_TYPE),
    "cell_line_break": Kind(N_("“%(column)s”里有换行。"), N_("请删除换行，把内容写在一行里。")),
    "cell_full_width": Kind(N_("“%(column)s”含有全角数字或字母。"), N_("请改成半角。")),
    "cell_long": Kind(N_("“%(column)s”有 %(length)s 个字，最多 %(limit)s 个。"), N_("请缩短内容。")),
    "cell_required": Kind(N_("“%(column)s”没有填写。"), N_("请填写。")),
    # ---- the person
    "name_long": Kind(N_("姓名太长，最多 %(limit)s 个字。"), N_("请按证件上的姓名填写。")),
    "name_short": Kind(N_("姓名只有一个字。"), N_("请按证件上的姓名填写完整。")),
    "name_lost_character": Kind(
        N_("姓名里有“?”，多半是保存为 GBK 编码时丢失了生僻字。"), N_("请按证件补上这个字，并保存为 .xlsx。")
    ),
    "name_private_character": Kind(
        N_("姓名里有本机自造的字，别的电脑无法显示。"), N_("请用输入法重新键入标准汉字（Unicode）。")
    ),
    "name_blank_inside": Kind(N_("姓名中间有空格。"), N_("请删除空格。")),
    "name_dot": Kind(N_("姓名里的间隔号不规范。"), N_("请用“·”（U+00B7），且只用在两段姓名之间。")),
    "name_characters": Kind(N_("姓名里有不能用于姓名的字符。"), N_("请按证件上的姓名填写，不写称谓、数字和括号。")),
    "gender_unknown": Kind(N_("性别“%(value)s”无法识别。"), _TYPE_ONE, {"choices": "男 / 女"}),
    "gender_mismatch": Kind(
        N_("性别填的是“%(value)s”，证件号码表示“%(expected)s”。"), N_("请核对证件，改正其中一个。")
    ),
    "id_type_unknown": Kind(N_("证件类型“%(value)s”无法识别。"), N_("请从这些中选一个：%(choices)s。")),
    "id_number_cell": Kind(
        N_("证件号码存成了数字，Excel 只保留 15 位，末几位已经丢失。"),
        N_("请先把这一格设为文本格式，再按证件重新键入全部 18 位。"),
    ),
    "id_scientific": Kind(
        N_("证件号码变成了科学计数法（%(value)s），末几位已经丢失。"),
        N_("请先把这一列设为文本格式，再按证件重新键入。"),
    ),
    "id_precision": Kind(
        N_("证件号码末三位是 000 且校验不符，多半曾存成数字而丢失了末几位。"), N_("请按证件重新键入全部 18 位。")
    ),
    "id_characters": Kind(N_("证件号码含有不该有的字符。"), N_("身份证号码只有数字，末位可以是 X；请删除其他字符。")),
    "id_length": Kind(N_("证件号码有 %(length)s 位，应为 18 位。"), N_("请按证件重新键入。")),
    "id_fifteen": Kind(N_("这是 15 位的第一代身份证号码，已停用。"), N_("请填写第二代身份证上的 18 位号码。")),
    "id_check_digit": Kind(N_("证件号码 %(value)s 的校验码不符，至少错了一位。"), N_("请对照证件逐位核对。")),
    "id_birth_impossible": Kind(N_("证件号码里的出生日期 %(birth)s 不存在。"), N_("请对照证件逐位核对。")),
    "id_birth_future": Kind(N_("证件号码里的出生日期 %(birth)s 在将来。"), N_("请对照证件逐位核对。")),
    "id_age": Kind(
        N_("按证件号码，出生日期是 %(birth)s，不在 %(youngest)s 至 %(oldest)s 岁之间。"), N_("请对照证件逐位核对。")
    ),
    "id_kind": Kind(N_("这个号码不属于所填的证件类型。"), N_("请核对证件类型：号码开头表示这是另一种证件。")),
    "id_format": Kind(N_("号码 %(value)s 不符合“%(id_type)s”的格式。"), N_("请核对证件类型和号码。")),
    "birth_unreadable": Kind(N_("出生日期“%(value)s”无法识别。"), N_("请写成 2006-05-01 的样子。")),
    "birth_future": Kind(N_("出生日期 %(value)s 在将来。"), N_("请核对证件。")),
    "birth_mismatch": Kind(
        N_("出生日期填的是 %(value)s，证件号码表示 %(expected)s。"), N_("请核对证件，改正其中一个。")
    ),
    "ethnicity_unknown": Kind(
        N_("民族“%(value)s”无法识别。"), N_("请按证件填写，例如“%(example)s”。"), {"example": "汉族"}
    ),
    "phone_format": Kind(N_("手机号码 %(value)s 不正确。"), N_("请填 11 位手机号码，不写空格和区号。")),
    # ---- school and channel
    "institution_other": Kind(
        N_("院校代码是 %(value)s，正在导入的是 %(expected)s。"), N_("请改正院校代码，或由该院校自己导入这一行。")
    ),
    "channel_unknown": Kind(N_("考生类别“%(value)s”无法识别。"), _TYPE_ONE, {"choices": "在校 / 社会"}),
    "major_missing": Kind(
        N_("在校考生没有填写专业。"),
        N_("请填写试点专业；不属于试点专业的，考生类别填“%(social)s”。"),
        {"social": "社会"},
    ),
    "major_not_pilot": Kind(
        N_("专业 %(value)s 不是本校这个证书今年的试点专业。"),
        N_("请核对专业和专业代码；不属于试点专业的，考生类别填“%(social)s”。"),
        {"social": "社会"},
    ),
    # ---- what is taken
    "certificate_unknown": Kind(N_("没有名为“%(value)s”的证书。"), N_("请按批次公布的名称填写：%(choices)s。")),
    "level_unknown": Kind(N_("等级“%(value)s”无法识别。"), _TYPE_ONE, {"choices": "初级 / 中级 / 高级"}),
    "level_not_in_certificate": Kind(N_("“%(certificate)s”没有%(value)s。"), N_("这个证书的等级有：%(choices)s。")),
    "not_offered": Kind(N_("本批次不开考“%(certificate)s”%(level)s。"), N_("本批次开考：%(choices)s。")),
    "pilot_missing": Kind(
        N_("本校 %(year)s 年没有“%(certificate)s”的试点资格。"),
        N_("试点资格当年有效；请先取得省级教育行政部门的确认。"),
    ),
    "quota_exceeded": Kind(
        N_("“%(certificate)s”今年的名额是 %(quota)s 人，已报 %(used)s 人，这一行超出了 %(over)s 人。"),
        N_("请减少人数，或先向省级教育行政部门申请增加名额。"),
    ),
    "consent_missing": Kind(N_("“%(column)s”没有填写。"), N_("请确认考生本人自愿报名，并填“%(yes)s”。"), {"yes": "是"}),
    "consent_refused": Kind(N_("“%(column)s”填的是“%(value)s”。"), N_("报名须本人自愿；不同意的考生请整行删除。")),
    # ---- money
    "payer_unknown": Kind(N_("缴费方式“%(value)s”无法识别。"), _TYPE_ONE, {"choices": "院校承担 / 自费 / 减免"}),
    "payer_school_self": Kind(
        N_("试点专业的在校考生不能自费。"),
        N_("考核费由院校承担或按规定减免；请改填 %(choices)s。"),
        {"choices": "院校承担 / 减免"},
    ),
    "waiver_reason_missing": Kind(N_("缴费方式是“减免”，但没有填写减免原因。"), N_("请填写：%(choices)s。")),
    "waiver_reason_unknown": Kind(N_("减免原因“%(value)s”无法识别。"), N_("请从这些中选一个：%(choices)s。")),
    "waiver_proof_missing": Kind(
        N_("缴费方式是“减免”，但没有填写证明编号。"), N_("请填写证明材料的编号，原件由院校留存。")
    ),
    "waiver_without_payer": Kind(
        N_("填写了减免原因或证明编号，但缴费方式不是“减免”。"),
        N_("请把缴费方式改为“%(waived)s”，或清空这两格。"),
        {"waived": "减免"},
    ),
    # ---- against the other rows and against what is registered
    "double_in_file": Kind(N_("同一考生的同一证书等级，在第 %(first)s 行已经出现。"), N_("请只保留一行。")),
    "person_conflict_in_file": Kind(
        N_("证件号码与第 %(first)s 行相同，%(what)s却不同。"), N_("请核对两行的证件，改正其中一行。")
    ),
    "double_registered": Kind(
        N_("这名考生已经报了本批次的“%(certificate)s”%(level)s（状态：%(status)s）。"), N_("请删除这一行。")
    ),
    "person_conflict": Kind(
        N_("证件号码 %(value)s 已经登记在另一个%(what)s之下。"),
        N_("请核对证件；确实是同一人改名的，请联系考务管理员更正。"),
    ),
    "serial_double": Kind(N_("序号 %(value)s 与第 %(first)s 行相同。"), N_("请让每一行的序号不同。")),
}


def problem(code: str, *, row: int | None = None, column: str = "", **facts: object) -> Problem:
    """Make the problem of this code; KeyError for a code that the table does not hold."""
    kind = KINDS[code]
    if column:
        facts.setdefault("column", column)
    facts = {**kind.words, **facts}
    return Problem(code=code, row=row, field=column, message=kind.message, way_out=kind.way_out, facts=facts)

"""The roster's columns as versioned data (domain section 8): heads, widths, limits, words and notes.

No public copy of the platform's own template was found, so the columns are configuration: a new version is a new entry
here, and a file is read by the newest version unless its own says otherwise. Two heads that the correction sheet adds
are passed over, so that a corrected sheet can be imported as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from exam.kernel.errors import N_

SHEET_NAME = "报名表"
NOTES_SHEET_NAME = "填写说明"
RESULT_HEAD = "检查结果"
SUGGESTION_HEAD = "建议值"
PASSED_OVER = frozenset({RESULT_HEAD, SUGGESTION_HEAD})
HEAD_SEARCH_ROWS = 10
MOST_ROWS = 5000
MOST_COLUMNS = 64
MOST_SHEETS = 20
LARGEST_FILE_MB = 10
LARGEST_UNPACKED_MB = 80


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of the roster."""

    key: str
    head: str
    required: bool
    width: int  # characters
    longest: int  # characters a cell may hold
    note: str  # msgid: how to fill it
    must_stand: bool = True  # the head itself must be there
    narrow: bool = False  # only half-width letters and digits belong in it
    identity: bool = False  # masked in messages
    synonyms: tuple[str, ...] = ()  # heads people write instead
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RosterTemplate:
    """One version of the roster."""

    version: str
    columns: tuple[Column, ...]

    def column(self, key: str) -> Column:
        """The column with this key; KeyError when the version has none."""
        for column in self.columns:
            if column.key == key:
                return column
        raise KeyError(key)

    @property
    def by_head(self) -> Mapping[str, Column]:
        return {column.head: column for column in self.columns}


WAIVER_REASON_LABELS: Mapping[str, str] = {
    "建档立卡家庭": N_("建档立卡家庭"),
    "城乡低保家庭": N_("城乡低保家庭"),
    "特困供养": N_("特困供养"),
    "孤儿": N_("孤儿"),
    "残疾": N_("残疾"),
    "烈士子女": N_("烈士子女"),
    "其他家庭经济困难": N_("其他家庭经济困难"),
}
WAIVER_REASONS = tuple(WAIVER_REASON_LABELS)

ID_TYPE_CHOICES = (
    "居民身份证", "港澳居民来往内地通行证", "台湾居民来往大陆通行证", "港澳台居民居住证", "护照", "外国人永久居留身份证",
)  # fmt: skip

_COLUMNS: tuple[Column, ...] = (
    Column(key="serial", head="序号", required=False, must_stand=False, width=6, longest=10, narrow=True,
           note=N_("可以不填；填写时每行不同，照片也可以用它命名。"), synonyms=("编号", "No", "No.")),
    Column(key="name", head="姓名", required=True, width=14, longest=60,
           note=N_("与证件一致；少数民族和外籍姓名的间隔号用“·”。"), synonyms=("考生姓名", "名字", "学生姓名")),
    Column(key="gender", head="性别", required=True, width=6, longest=4,
           note=N_("与证件号码一致。"), choices=("男", "女")),
    Column(key="id_type", head="证件类型", required=True, width=14, longest=20,
           note=N_("从列表中选择。"), synonyms=("证件种类",), choices=ID_TYPE_CHOICES),
    Column(key="id_number", head="证件号码", required=True, width=22, longest=40, narrow=True, identity=True,
           note=N_("这一列已设为文本格式；请键入，不要从数字格式的表中粘贴。"),
           synonyms=("身份证号", "身份证号码", "证件号", "身份证")),
    Column(key="birth", head="出生日期", required=False, must_stand=False, width=13, longest=20, narrow=True, identity=True,
           note=N_("可以不填；填写时与证件号码核对，例如 2006-05-01。系统不保存这一列。"), synonyms=("出生年月", "生日")),
    Column(key="ethnicity", head="民族", required=False, must_stand=False, width=8, longest=10,
           note=N_("可以不填，写法与证件相同。")),
    Column(key="phone", head="手机", required=True, width=15, longest=30, narrow=True, identity=True,
           note=N_("11 位手机号码，用于通知考生。"), synonyms=("手机号", "手机号码", "联系电话", "电话")),
    Column(key="institution_code", head="院校代码", required=False, must_stand=False, width=14, longest=20, narrow=True,
           note=N_("可以不填；填写时必须是本校代码。"), synonyms=("学校代码",)),
    Column(key="major", head="专业", required=False, width=20, longest=60,
           note=N_("在校考生必填，填试点专业的名称。"), synonyms=("专业名称", "所学专业")),
    Column(key="major_code", head="专业代码", required=False, must_stand=False, width=12, longest=20, narrow=True,
           note=N_("填专业目录中的代码；试点限定专业时按它核对。")),
    Column(key="class_name", head="班级", required=False, must_stand=False, width=16, longest=40,
           note=N_("可以不填。"), synonyms=("班别", "班级名称")),
    Column(key="channel", head="考生类别", required=True, width=10, longest=10,
           note=N_("试点专业的学生选第一种，其他人选第二种。"), synonyms=("类别", "考生类型"), choices=("在校", "社会")),
    Column(key="certificate", head="证书名称", required=True, width=26, longest=60,
           note=N_("与批次公布的名称一致。"), synonyms=("证书", "职业技能等级证书名称", "报考证书")),
    Column(key="level", head="等级", required=True, width=8, longest=10,
           note=N_("与批次公布的等级一致。"), synonyms=("证书等级", "报考等级", "级别"), choices=("初级", "中级", "高级")),
    Column(key="consent", head="本人同意", required=True, width=10, longest=10,
           note=N_("考生本人自愿报名的才填；不得强制或变相强制参加。"), synonyms=("是否同意", "考生同意"), choices=("是",)),
    Column(key="payer", head="缴费方式", required=False, must_stand=False, width=12, longest=10,
           note=N_("不填时：在校考生由院校承担，社会考生自费。"), synonyms=("缴费", "费用承担"),
           choices=("院校承担", "自费", "减免")),
    Column(key="waiver_reason", head="减免原因", required=False, must_stand=False, width=16, longest=20,
           note=N_("缴费方式为“减免”时必填。"), choices=WAIVER_REASONS),
    Column(key="waiver_proof", head="减免证明编号", required=False, must_stand=False, width=18, longest=60,
           note=N_("缴费方式为“减免”时必填；证明原件由院校留存。"), synonyms=("减免证明", "证明编号")),
)  # fmt: skip

TEMPLATES: Mapping[str, RosterTemplate] = {"1": RosterTemplate(version="1", columns=_COLUMNS)}
NEWEST = TEMPLATES["1"]

# GB/T 3304: the 56 names; lists also hold 其他 for those not yet identified.
ETHNICITIES = frozenset({
    "汉", "蒙古", "回", "藏", "维吾尔", "苗", "彝", "壮", "布依", "朝鲜", "满", "侗", "瑶", "白", "土家", "哈尼", "哈萨克",
    "傣", "黎", "傈僳", "佤", "畲", "高山", "拉祜", "水", "东乡", "纳西", "景颇", "柯尔克孜", "土", "达斡尔", "仫佬", "羌",
    "布朗", "撒拉", "毛南", "仡佬", "锡伯", "阿昌", "普米", "塔吉克", "怒", "乌孜别克", "俄罗斯", "鄂温克", "德昂", "保安", "裕固",
    "京", "塔塔尔", "独龙", "鄂伦春", "赫哲", "门巴", "珞巴", "基诺",
})  # fmt: skip

"""Both languages are whole: every message has its English, with the same places, said the same way everywhere."""

import re

from exam.kernel.i18n import LOCALE_FOLDER, read_catalogue
from tests.templates.messages import chinese, messages, missing

PLACE = re.compile(r"%\((\w+)\)s")
ENGLISH = {path.stem: read_catalogue(path) for path in sorted((LOCALE_FOLDER / "en").glob("*.po"))}


def test_messages_are_found_in_modules_and_templates() -> None:
    found = {message.text: message for message in messages()}
    assert found["您已退出。"].catalogue == "exam_accounts"
    assert found["跳到正文"].catalogue == "layout"
    assert "服务器时间（北京）%(at)s" in found  # a message with facts


def test_every_message_has_its_english() -> None:
    lacking = {name: [message.text for message in ones] for name, ones in missing().items()}
    assert lacking == {}


def test_a_translation_has_the_places_of_its_message() -> None:
    for name, catalogue in ENGLISH.items():
        for zh, en in catalogue.items():
            assert set(PLACE.findall(zh)) == set(PLACE.findall(en)), f"{name}: {zh}"


def test_english_is_english() -> None:
    quoted = {"中文"}
    for name, catalogue in ENGLISH.items():
        for zh, en in catalogue.items():
            assert not chinese(en.replace("考务", "")) or zh in quoted, f"{name}: {en}"

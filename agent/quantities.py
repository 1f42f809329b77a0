"""Numbers, units, months and weekdays of a text, in one form: “1,000”, “nine”, “九”, “30 mins”, “周五”, “Fridays”."""

from __future__ import annotations

import re

_NUMBER = r"\d+(?:[.,:]\d+)*"
_NAMES = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen
"""
_SMALL = {name: value for value, name in enumerate(_NAMES.split())}
_TENS_NAMES = "twenty thirty forty fifty sixty seventy eighty ninety"
_TENS = {name: 10 * value for value, name in enumerate(_TENS_NAMES.split(), 2)}
_WORD = re.compile(
    rf"\b(?:(?P<tens>{'|'.join(_TENS)})(?:[- ](?P<more>{'|'.join(list(_SMALL)[1:10])}))?|(?P<small>{'|'.join(_SMALL)}))\b",
    re.IGNORECASE,
)
_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2}
_POWERS = {"十": 10, "百": 100, "千": 1_000}
_WIDE = re.compile(r"(?!十分|百分|两者)[零一二三四五六七八九两十百千]+(?!星)")
_UNITS = """
second:second,sec,secs,seconds,秒 minute:minute,minutes,min,mins,分钟 hour:hour,hours,hr,hrs,h,小时 day:day,days,天
week:week,weeks,周,星期 month:month,months,个月 year:year,years,yr,yrs percent:percent,%,％
euro:euro,euros,eur,€,欧元 dollar:dollar,dollars,usd,$,美元 pound:pound,pounds,gbp,£,英镑 yen:yen,jpy,日元 yuan:yuan,rmb,cny,元
metre:metre,metres,meter,meters,m kilometre:kilometre,kilometres,kilometer,kilometers,km,公里 mile:mile,miles
gram:gram,grams,g kilogram:kilogram,kilograms,kg,公斤 megabyte:mb,megabyte,megabytes gigabyte:gb,gigabyte,gigabytes
"""
_UNIT = {name: unit for unit, _, names in (line.partition(":") for line in _UNITS.split()) for name in names.split(",")}
_WIDE_UNITS = "|".join(sorted((name for name in _UNIT if not name.isascii() and len(name) > 0), key=len, reverse=True))
_MEASURE = re.compile(rf"(?P<sign>[€$£])?\s?(?P<number>{_NUMBER})\s?-?(?P<unit>%|{_WIDE_UNITS}|[A-Za-z]+)?")
_MONTH = re.compile(
    r"\b(Jan|Feb|Apr|Jun|Jul|Aug|Sep|Oct|Nov|Dec)(?:uary|ruary|il|e|y|ust|t?ember|ober|t)?\b"
    r"|(?<=[\w,] )(Mar|May)(?:ch)?\b|(?<!\d)(\d{1,2})月"
)
_WEEKDAY = re.compile(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?:s|nes|rs|ur)?days?\b|(?:周|星期|礼拜)([一二三四五六日天])")
_WEEK = {"一": "mon", "二": "tue", "三": "wed", "四": "thu", "五": "fri", "六": "sat", "日": "sun", "天": "sun"}


def numbers(text: str, *, words_too: bool = True) -> set[str]:
    """The numbers, in digits; with number words only where wanted. “One” and “一” are too often no number."""
    found = {_canonical(match) for match in re.findall(_NUMBER, text)}
    if words_too:
        found |= {str(_english(match)) for match in _WORD.finditer(text)}
        found |= {str(_chinese(match)) for match in _WIDE.findall(_WEEKDAY.sub(" ", text))}
    return found


def units(text: str) -> dict[str, set[str]]:
    """The units that stand at each number; a number that stands somewhere with none that is known is left out."""
    found: dict[str, set[str]] = {}
    for match in _MEASURE.finditer(text):
        unit = _UNIT.get((match["sign"] or match["unit"] or "").lower(), "")
        found.setdefault(_canonical(match["number"]), set()).add(unit)
    return {number: names for number, names in found.items() if "" not in names}


def named(text: str) -> tuple[set[str], set[str]]:
    """The months and the weekdays."""
    months = {(match[1] or match[2] or match[3]).lower() for match in _MONTH.finditer(text)}
    days = {match[1].lower() if match[1] else _WEEK[match[2]] for match in _WEEKDAY.finditer(text)}
    return months, days


def _canonical(number: str) -> str:
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", number):
        number = number.replace(",", "")
    number = re.sub(r":00$|\.0{1,2}$", "", number)
    return number.lstrip("0") or "0"


def _english(match: re.Match[str]) -> int:
    if match["small"]:
        return _SMALL[match["small"].lower()]
    return _TENS[match["tens"].lower()] + (_SMALL[match["more"].lower()] if match["more"] else 0)


def _chinese(numeral: str) -> int:
    total = current = 0
    for sign in numeral:
        if sign in _POWERS:
            total, current = total + (current or 1) * _POWERS[sign], 0
        else:
            current = _DIGITS[sign]
    return total + current

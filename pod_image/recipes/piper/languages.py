"""Names of languages and countries, as voice lists and Home Assistant show them."""

from __future__ import annotations

# language: (its own name, English name)
_LANGUAGES = {
    "ar": ("العربية", "Arabic"),
    "bg": ("Български", "Bulgarian"),
    "ca": ("Català", "Catalan"),
    "cs": ("Čeština", "Czech"),
    "cy": ("Cymraeg", "Welsh"),
    "da": ("Dansk", "Danish"),
    "de": ("Deutsch", "German"),
    "el": ("Ελληνικά", "Greek"),
    "en": ("English", "English"),
    "es": ("Español", "Spanish"),
    "et": ("Eesti", "Estonian"),
    "eu": ("Euskara", "Basque"),
    "fa": ("فارسی", "Farsi"),
    "fi": ("Suomi", "Finnish"),
    "fr": ("Français", "French"),
    "he": ("עברית", "Hebrew"),
    "hi": ("हिन्दी", "Hindi"),
    "hr": ("Hrvatski", "Croatian"),
    "hu": ("Magyar", "Hungarian"),
    "id": ("Bahasa Indonesia", "Indonesian"),
    "is": ("íslenska", "Icelandic"),
    "it": ("Italiano", "Italian"),
    "ja": ("日本語", "Japanese"),
    "ka": ("ქართული ენა", "Georgian"),
    "kk": ("қазақша", "Kazakh"),
    "ko": ("한국어", "Korean"),
    "lb": ("Lëtzebuergesch", "Luxembourgish"),
    "lt": ("Lietuvių", "Lithuanian"),
    "lv": ("Latviešu", "Latvian"),
    "ml": ("മലയാളം", "Malayalam"),
    "ne": ("नेपाली", "Nepali"),
    "nl": ("Nederlands", "Dutch"),
    "no": ("Norsk", "Norwegian"),
    "pl": ("Polski", "Polish"),
    "pt": ("Português", "Portuguese"),
    "ro": ("Română", "Romanian"),
    "ru": ("Русский", "Russian"),
    "sk": ("Slovenčina", "Slovak"),
    "sl": ("Slovenščina", "Slovenian"),
    "sq": ("Shqip", "Albanian"),
    "sr": ("srpski", "Serbian"),
    "sv": ("Svenska", "Swedish"),
    "sw": ("Kiswahili", "Swahili"),
    "te": ("తెలుగు", "Telugu"),
    "tr": ("Türkçe", "Turkish"),
    "uk": ("українська мова", "Ukrainian"),
    "ur": ("اردو", "Urdu"),
    "vi": ("Tiếng Việt", "Vietnamese"),
    "zh": ("简体中文", "Chinese"),
}

_COUNTRIES = {
    "AL": "Albania", "AR": "Argentina", "AT": "Austria", "AU": "Australia", "BE": "Belgium",
    "BG": "Bulgaria", "BR": "Brazil", "CA": "Canada", "CD": "Democratic Republic of the Congo",
    "CH": "Switzerland", "CN": "China", "CZ": "Czech Republic", "DE": "Germany", "DK": "Denmark",
    "EE": "Estonia", "EG": "Egypt", "ES": "Spain", "FI": "Finland", "FR": "France",
    "GB": "Great Britain", "GE": "Georgia", "GR": "Greece", "HR": "Croatia", "HU": "Hungary",
    "ID": "Indonesia", "IE": "Ireland", "IL": "Israel", "IN": "India", "IR": "Iran",
    "IS": "Iceland", "IT": "Italy", "JO": "Jordan", "JP": "Japan", "KE": "Kenya",
    "KR": "South Korea", "KZ": "Kazakhstan", "LT": "Lithuania", "LU": "Luxembourg",
    "LV": "Latvia", "MX": "Mexico", "NL": "Netherlands", "NO": "Norway", "NP": "Nepal",
    "NZ": "New Zealand", "PK": "Pakistan", "PL": "Poland", "PT": "Portugal", "RO": "Romania",
    "RS": "Serbia", "RU": "Russia", "SA": "Saudi Arabia", "SE": "Sweden", "SI": "Slovenia",
    "SK": "Slovakia", "TR": "Turkey", "UA": "Ukraine", "US": "United States", "VN": "Vietnam",
    "ZA": "South Africa",
}  # fmt: skip


def english_name(code: str) -> str:
    """English name of `en_US`'s language; the code's own letters where it is not in the table."""
    family = code.partition("_")[0]
    return _LANGUAGES.get(family, (family, family))[1]


def language_block(code: str) -> dict[str, str]:
    """The `language` part of a voice's JSON for a code such as `en_US`."""
    family, _, region = code.partition("_")
    native, english = _LANGUAGES.get(family, (family, family))
    return {
        "code": code,
        "family": family,
        "region": region,
        "name_native": native,
        "name_english": english,
        "country_english": _COUNTRIES.get(region, region),
    }

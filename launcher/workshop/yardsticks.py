"""A few sentences of each language that hold its sounds: what a dataset's phonemes are measured against.

Written for this project. They go through the same phonemizer as the dataset, so that the symbols agree.
"""

from __future__ import annotations

YARDSTICKS: dict[str, tuple[str, ...]] = {
    "en": (
        "The quick brown fox jumps over a lazy dog while she measures the treasure.",
        "Boys enjoy loud music, but our hour of joy was cut short by rain.",
        "Which church bell rang at noon, and who put the good book there?",
        "Vision and pleasure go together; think of this thing, father.",
        "He saw bird, fur, near, pure and chair, then heard a yellow jay sing.",
        "Caught coughing, the huge judge gave up eating hot soup.",
    ),
    "de": (
        "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.",
        "Ich möchte auch ein schönes neues Häuschen mit grünen Türen und Fenstern.",
        "Das Pferd springt, die Katze schläft, und der Vogel singt lange Lieder.",
        "Jeder König braucht ein Buch, eine Höhle und einen Löffel.",
        "Die Garage und das Journal gehören einem reichen deutschen Mann.",
    ),
    "fr": (
        "Portez ce vieux whisky au juge blond qui fume près de la mer.",
        "Un bon vin blanc, une huile brune et du pain frais, c'est tout.",
        "Le jeune oiseau chante doucement sous la pluie de juin.",
        "Les deux sœurs pleurent et la montagne garde son ombre bleue.",
        "Il faut que j'aille à la gare chercher le chien de mon oncle.",
    ),
    "es": (
        "El pingüino vio un zorro rojo que corría bajo la lluvia de noche.",
        "Jorge y Guillermo chocaron con un yate verde en la bahía.",
        "El niño comió queso, uvas y churros, y después bebió agua.",
        "Hoy hay cinco gatos; el perro del rey duerme en el huerto.",
        "La vaca gorda sube despacio la cuesta, y allí canta un gallo.",
    ),
    "it": (
        "Quel vecchio gufo sogna gli gnomi, e la luna splende sul ghiaccio.",
        "Giorgio mangia una pizza, poi beve l'acqua fresca del pozzo.",
        "La ragazza sceglie sempre scarpe rosse e una giacca azzurra.",
        "Il cane dorme, il gatto gioca e il figlio legge un bel libro.",
        "Perché non vieni a casa mia? C'è zuppa calda per tutti.",
    ),
    "nl": (
        "De zeer vlugge bruine vos springt over de luie hond in het hoge gras.",
        "Mijn buurman heeft een huis, een schuur en een oude boerderij.",
        "Zij zingt een mooi lied terwijl de jongen goede vis bakt.",
        "Wij eten vandaag brood, kaas, peren en nieuwe haring.",
        "De leuke keuken heeft een gele deur en een groot raam.",
    ),
    "pt": (
        "A rápida raposa castanha salta por cima do cão preguiçoso de manhã.",
        "O velho pinheiro tem muitas folhas, e o milho cresce junto ao muro.",
        "Hoje choveu em Lisboa, mas o João jogou xadrez com os irmãos.",
        "Um bom vinho, um pão quente e queijo fazem a gente feliz.",
        "A mãe põe a chave no cesto e lê um livro sobre o mar.",
    ),
    "pl": (
        "Zażółć gęślą jaźń, a potem chodź ze mną nad rzekę.",
        "Szybki brązowy lis skacze przez leniwego psa pod dębem.",
        "Mój wujek gra na skrzypcach, a ciocia piecze dobry chleb.",
        "Dziś w nocy śnieg będzie padał, więc weź ciepłą czapkę.",
        "Żółty ptak śpiewa, kiedy dżem stoi na stole.",
    ),
    "ru": (
        "Съешь ещё этих мягких французских булок, да выпей же чаю.",
        "Широкая электрификация южных губерний даст мощный толчок подъёму хозяйства.",
        "Юный мальчик ищет в лесу рыжую белку и поёт песню.",
        "Дядя Вася любит горячий борщ, хлеб и солёные огурцы.",
    ),
}
"""By language without region."""

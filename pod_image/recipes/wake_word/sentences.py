"""What people say all day and must not wake anything: sentences of our own, and numbers, which every language has."""

from __future__ import annotations

import random

SENTENCES = (
    "Could you pass me the salt, please?",
    "The train to the coast leaves at a quarter past nine.",
    "I have not seen my brother since the summer.",
    "Turn the lights off before you come upstairs.",
    "There is a message from the school about tomorrow.",
    "We should paint the kitchen before the guests arrive.",
    "How long does it take to boil an egg?",
    "The news tonight is mostly about the weather.",
    "My phone is somewhere under these cushions.",
    "Play something quiet while I finish the dishes.",
    "He said the meeting was moved to Thursday afternoon.",
    "What a lovely garden you have behind the house!",
    "Set a timer for twelve minutes.",
    "The doctor told her to drink more water.",
    "Nobody remembers who left the window open.",
    "It rained so hard that the cellar was full of water.",
    "Do you want milk or sugar in your coffee?",
    "The children are building a castle out of boxes.",
    "I read three chapters before I fell asleep.",
    "Their new office is on the seventh floor.",
    "Yes, of course, give me a minute.",
    "A dog was barking at the end of the street.",
    "Our team lost in the very last second.",
    "Put the keys where you can find them again.",
    "She plays the violin better than her teacher.",
    "This soup tastes of garlic and old leather.",
    "Why is the printer blinking again?",
    "He never answers before the second cup of tea.",
    "The river was frozen from one bank to the other.",
    "You can park behind the church on Sundays.",
    "Let us talk about money some other day.",
    "My grandmother kept bees and sold the honey.",
    "The password is written on the back of the box.",
    "Hold the ladder while I change the bulb.",
    "That film was far too long for its story.",
    "They are closing the bridge for a whole year.",
    "I would rather walk than wait for the bus.",
    "The shop on the corner sells fresh bread.",
    "No, that is not what I meant at all.",
    "Everyone clapped when the lights came on.",
    "Her handwriting looks like a row of small fences.",
    "The engine makes a strange noise when it is cold.",
    "We grew tomatoes, beans and one enormous pumpkin.",
    "Remind me to call the bank on Monday.",
    "The cat has chosen the most expensive chair.",
    "Hey there, have you got a moment?",
    "Okay, everybody, please sit down now.",
    "Hello, this is the reception desk speaking.",
    "Good morning, and welcome to the programme.",
    "Well, I was about to ask you the same thing.",
    "Excuse me, is this seat taken?",
    "The answer was hidden in the second paragraph.",
    "A cold wind came down from the mountains.",
    "Please close the door, there is a draught.",
    "I found an old photograph between the pages.",
    "Two adults and three children to the zoo.",
    "The coffee machine needs to be cleaned again.",
    "He travelled for years without a suitcase.",
    "My favourite colour changes with the season.",
    "She whispered something that nobody understood.",
    "Are we going to the market this weekend?",
    "The recipe says to let the dough rest overnight.",
    "His voice was hoarse after the concert.",
    "Somebody has to water the plants while we are away.",
    "It is five degrees warmer than yesterday.",
    "Volume up, a little more, that is enough.",
    "The museum is free on the first of the month.",
    "I am afraid the last train has already gone.",
    "They painted the fence green and the gate blue.",
    "Can you hear me now? Hello? Can you hear me?",
    "The teacher explained it once more, slowly.",
    "There were no more apples, so we took pears.",
    "What time is it in Tokyo when it is noon here?",
    "A letter without a stamp lay on the mat.",
    "The baby laughed at the sound of the whistle.",
    "Next left, then straight ahead as far as the tower.",
    "You have three new messages and one missed call.",
    "We watched the ships until it was quite dark.",
    "I cannot find the charger for my laptop.",
    "The chair wobbles because one leg is too short.",
    "Order two pizzas and a large bottle of lemonade.",
    "Her answer was as short as it was surprising.",
    "Snow is expected above eight hundred metres.",
    "He was late, as usual, and full of excuses.",
    "Stop the music, somebody is at the door.",
    "The old clock in the hall strikes thirteen.",
    "All the tickets for Saturday have been sold.",
    "I left my umbrella in the taxi again.",
    "The lawyer asked for a copy of the contract.",
    "Is there anything good on television tonight?",
    "They argued about the map for an hour.",
    "The bakery smells best at six in the morning.",
    "Never mind, we will do it the other way.",
    "This jacket has more pockets than I have things.",
    "The moon was so bright that we could read by it.",
    "Ask your father, he knows where the tools are.",
)
_WORDS = tuple(
    word.strip(".,!?").lower()
    for sentence in SENTENCES
    for word in sentence.split()
)  # fmt: skip


def everyday(draw: random.Random) -> str:
    """Something to say, a few seconds long: a sentence, words in any order, or numbers, times and dates."""
    kind = draw.random()
    if kind < 0.45:
        return draw.choice(SENTENCES)
    if kind < 0.75:
        return " ".join(draw.choice(_WORDS) for _ in range(draw.randint(4, 9))) + "."
    return ", ".join(_number(draw) for _ in range(draw.randint(2, 4))) + "."


def any_word(draw: random.Random) -> str:
    return draw.choice(_WORDS)


def _number(draw: random.Random) -> str:
    kind = draw.randint(0, 3)
    if kind == 0:
        return str(draw.randint(0, 99))
    if kind == 1:
        return str(draw.randint(100, 99_999))
    if kind == 2:
        return f"{draw.randint(1, 23)}:{draw.randint(10, 59)}"
    return f"{draw.randint(0, 99)}.{draw.randint(1, 9)}"

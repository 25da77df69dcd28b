"""Korean prose from a grammar: documents in any number that are no copies of each other."""

import random
from collections.abc import Iterator

from pipeline.synthetic import words

_SENTENCES = (
    "{time} {person:이/가} {place}에서 {thing:을/를} {action}다.",
    "{person:은/는} {thing:을/를} {action}고, {adverb} {other:을/를} {action2}다.",
    "{link} {place}에는 {thing:이/가} {other}보다 더 {state}다.",
    "“{thing:은/는} {other}만큼 {state}다.” {person:은/는} {adverb} {quote}.",
    "{year}년에는 {place}에서 {thing:을/를} {amount}{unit:이나/나} {action}는데, "
    "{other:은/는} 오히려 {state}다.",
    "{thing:이/가} {state}던 것은 {person:이/가} {other:을/를} {adverb} {action}{because}.",
    "{time} {thing:을/를} {action}으나 {place:은/는} 여전히 {state}다.",
    "{person:은/는} 왜 {place}에서 {thing:을/를} {action}을까?",
    "{link} {town} 사람들은 {thing:과/와} {other:을/를} {adverb} {action}다고 한다.",
)


def generate_documents(count: int, seed: int = 0) -> list[dict[str, str]]:
    """`count` documents {"id", "text"} of about 300 to 2,000 characters, two to six paragraphs.

    Document i depends on (seed, i) only. Two documents share words and turns of phrase: the Jaccard
    similarity of their character 5-grams is some hundredths.
    """
    return [
        {"id": f"doc-{seed}-{number:06d}", "text": _document(random.Random(f"{seed}/{number}"))}
        for number in range(count)
    ]


class Noun(str):
    """A word that takes the particle its last syllable asks for: `f"{noun:을/를}"`."""

    __slots__ = ()

    def __format__(self, particles: str) -> str:
        after_consonant, _, after_vowel = particles.partition("/")
        has_final = (ord(self[-1]) - 0xAC00) % 28 > 0
        return str(self) + (after_consonant if has_final else after_vowel)


def _document(rng: random.Random) -> str:
    cast = Cast(rng)
    paragraphs = [
        " ".join(cast.sentence() for _ in range(rng.randint(4, 9)))
        for _ in range(rng.randint(2, 6))
    ]
    return "\n\n".join(paragraphs)


class Cast:
    """The people, places and things of one document, and sentences about them."""

    def __init__(self, rng: random.Random):
        self.rng = rng
        named = [f"{rng.choice(words.ROLES)} {self._name()}" for _ in range(3)]
        self.people = named + rng.sample(words.ROLES, 4)
        head = rng.choice(words.TOWN_HEAD) + rng.choice(words.TOWN_HEAD)
        self.town = head + rng.choice(words.TOWN_TAIL)
        self.places = [f"{self.town} {rng.choice(words.PLACES)}", *rng.sample(words.PLACES, 4)]
        self._things = self._in_turn(words.THINGS)

    def sentence(self) -> str:
        rng = self.rng
        return rng.choice(_SENTENCES).format(
            time=rng.choice(words.TIMES),
            person=Noun(rng.choice(self.people)),
            place=Noun(rng.choice(self.places)),
            town=self.town,
            thing=self._thing(),
            other=self._thing(),
            action=rng.choice(words.ACTIONS),
            action2=rng.choice(words.ACTIONS),
            state=rng.choice(words.STATES),
            adverb=rng.choice(words.ADVERBS),
            link=rng.choice(words.LINKS),
            quote=rng.choice(words.QUOTES),
            because=rng.choice(words.BECAUSE),
            year=rng.randint(1890, 2023),
            amount=rng.randint(2, 980),
            unit=Noun(rng.choice(words.UNITS)),
        )

    def _thing(self) -> Noun:
        thing = next(self._things)
        if self.rng.random() < 0.6:
            thing = f"{self.rng.choice(words.ADJECTIVES)} {thing}"
        return Noun(thing)

    def _name(self) -> str:
        rng = self.rng
        return rng.choice(words.SURNAMES) + rng.choice(words.GIVEN) + rng.choice(words.GIVEN)

    def _in_turn(self, entries: tuple[str, ...]) -> Iterator[str]:
        """Every entry once in a random order, then again in another."""
        while True:
            yield from self.rng.sample(entries, len(entries))

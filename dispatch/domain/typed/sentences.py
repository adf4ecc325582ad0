"""Sentences of the domain, which knows no language but its own: what is above it translates them.

Import it as `_`: by that name xgettext finds what is to be translated.
"""


class Sentence(str):
    """The English sentence, put together: a text as any other, which also keeps its `template`
    and `parameters`, whose own sentences can be translated as well.

    `Sentence("It must be from %(least)s to %(most)s.", least="1", most="99")`
    """

    template: str
    parameters: dict[str, object]

    def __new__(cls, template: str, **parameters: object) -> "Sentence":
        sentence = super().__new__(cls, template % parameters if parameters else template)
        sentence.template, sentence.parameters = template, parameters
        return sentence

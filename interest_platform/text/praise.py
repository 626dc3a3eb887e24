"""English words of praise, blame and politeness: where texts have no rating, nothing tells that they name nothing."""

_WORDS = """
absolutely amazing arrived awesome awful bad beautiful best better cool definitely delighted delivery
disappointed disappointing disappointment easy enjoy enjoyed excellent fantastic fast fine glad good great
happy hate hated highly hope hopefully horrible impressed incredible like liked likes love loved lovely
loves loving nice perfect perfectly please pleased poor poorly pretty quick quickly really recommend
recommended regards satisfied shipped shipping sorry super terrible terrific thank thanks thankyou useless
wonderful worse worst worth worthless
"""

PRAISE = frozenset(_WORDS.split())
"""Those words, in lower case."""
